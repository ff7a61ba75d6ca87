"""A group of checks with the TaskGroup of asyncio, on virtual time."""

import asyncio
import selectors


# ANCHOR: check
async def check(page: str, takes: float = 5) -> str:
    try:
        await asyncio.sleep(takes)
        if page == "/gone":
            raise LookupError("404 /gone")
        return f"200 {page}"
    except asyncio.CancelledError:
        await asyncio.sleep(0.02)  # takes the page off the list
        if page == "/careless":
            raise OSError("the list is locked")
        print(f"    {clock()} ms: {page} has cleaned up")
        raise
# ANCHOR_END: check


# ANCHOR: cancel_one
async def cancel_one() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(check("/", 0.2))
        slow = group.create_task(check("/slow"))
        await asyncio.sleep(0.1)
        slow.cancel("nobody looks at it any more")
    print(f"{clock()} ms: the group is fine; cancelled: {slow.cancelled()}")
# ANCHOR_END: cancel_one


# ANCHOR: first_error
async def first_error() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(check("/gone", 0.1))
            group.create_task(check("/slow"))
            group.create_task(check("/careless"))
    except* (LookupError, OSError) as errors:
        print(f"{clock()} ms: all have ended. {errors.exceptions}")
# ANCHOR_END: first_error


# ANCHOR: collect_all
async def collect_all() -> None:
    outcomes: dict[str, str] = {}

    async def captured(page: str) -> None:
        try:
            outcomes[page] = await check(page, 0.1)
        except Exception as error:
            outcomes[page] = f"failed, {error}"

    async with asyncio.TaskGroup() as group:
        for page in ["/", "/gone", "/about"]:
            group.create_task(captured(page))
    print(outcomes)
# ANCHOR_END: collect_all


# ANCHOR: deaf
async def deaf() -> None:
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        await asyncio.sleep(60)  # a cleanup that takes too long


async def no_grace() -> None:
    start = clock()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(deaf())
        await asyncio.sleep(0)
        task.cancel()
    print(f"a deaf child held the group up for {clock() - start} ms; cancelled: {task.cancelled()}")
# ANCHOR_END: deaf


async def main() -> None:
    for part in [cancel_one, first_error, collect_all, no_grace]:
        await part()


def clock() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


class Clock(selectors.DefaultSelector):
    """Jumps to the next timer where others wait for it; the twin `testing` explains it."""

    now = 0.0

    def select(self, timeout: float | None = None):
        self.now += timeout or 0
        return super().select(timeout and 0)


def virtual_time() -> asyncio.AbstractEventLoop:
    loop = asyncio.SelectorEventLoop(selector := Clock())
    loop.time = lambda: selector.now
    return loop


with asyncio.Runner(loop_factory=virtual_time) as runner:
    runner.run(main())
