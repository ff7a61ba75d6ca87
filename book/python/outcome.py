"""Groups of errors: handle a part, pass the rest on, keep the shape."""

import asyncio


class TooSlow(Exception):
    pass


class Gone(Exception):
    pass


async def check(page: str) -> None:
    match page:
        case "/gone":
            raise Gone(page)
        case "/slow":
            raise TooSlow(page)
        case "/odd":
            raise ValueError("a link to nowhere://")


async def check_site(pages: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(check(page))


# ANCHOR: check_all
async def check_all() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(check_site(["/", "/gone", "/slow"]))
        group.create_task(check_site(["/slow", "/odd"]))
# ANCHOR_END: check_all


def tree(error: BaseException, depth: int = 0) -> None:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    print("    " + "  " * depth + ("a group:" if inner else repr(error)))
    for each in inner:
        tree(each, depth + 1)


# ANCHOR: except_star
async def except_star() -> None:
    try:
        await check_all()
    except* TooSlow as slow:
        print("try these again:")
        tree(slow)
    except* Gone as gone:
        print("report these:")
        tree(gone)
    # whatever neither clause took is raised when both have run
# ANCHOR_END: except_star


# ANCHOR: split
async def split() -> None:
    try:
        await check_all()
    except BaseExceptionGroup as errors:
        slow, rest = errors.split(TooSlow)
        print("split into:")
        tree(slow)
        print("and:")
        tree(rest)
# ANCHOR_END: split


# ANCHOR: blind
async def blind() -> None:
    try:
        await check_all()
    except Gone:
        print("never printed: what is raised is a group")
    except Exception as error:
        print(f"`except Gone` does not look into a group: {type(error).__name__}")
# ANCHOR_END: blind


async def main() -> None:
    try:
        await except_star()
    except BaseExceptionGroup as rest:
        print("passed on:")
        tree(rest)
    await split()
    await blind()


asyncio.run(main())
