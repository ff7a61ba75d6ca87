"""The pages of a long list as an async generator: stopping early, and reading ahead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

LISTING = [[f"/{page}{letter}" for letter in "abc"] for page in range(4)]
log: list[str] = []


async def fetch(cursor: int) -> tuple[list[str], int | None]:
    await asyncio.sleep(0)
    log.append(f"fetch {cursor}")
    return LISTING[cursor], cursor + 1 if cursor + 1 < len(LISTING) else None


# ANCHOR: paginate
async def paginate() -> AsyncIterator[str]:
    cursor, seen = 0, set()
    try:
        while cursor is not None:
            if cursor in seen:
                raise RuntimeError(f"the server says {cursor} again")
            seen.add(cursor)
            links, cursor = await fetch(cursor)
            for link in links:
                yield link
    finally:
        await asyncio.sleep(0)  # says good-bye to the server
        log.append("closed")
# ANCHOR_END: paginate


# ANCHOR: break
async def first(wanted: str, links: AsyncIterator[str]) -> None:
    async for link in links:
        if link == wanted:
            log.append(f"found {link}")
            break
    log.append("goes on")
# ANCHOR_END: break


# ANCHOR: aclosing
async def first_closing(wanted: str) -> None:
    async with aclosing(paginate()) as links:
        async for link in links:
            if link == wanted:
                log.append(f"found {link}")
                break
    log.append("goes on")
# ANCHOR_END: aclosing


# ANCHOR: prefetch
async def prefetch(
    links: AsyncIterator[str], ahead: int
) -> AsyncIterator[str]:
    queue: asyncio.Queue[str | Exception | None] = asyncio.Queue(ahead)

    async def fill() -> None:
        try:
            async with aclosing(links):
                async for link in links:
                    await queue.put(link)
        except Exception as error:
            await queue.put(error)
        else:
            await queue.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        filling.cancel()
        await asyncio.wait([filling])  # until the source has closed
# ANCHOR_END: prefetch


# ANCHOR: in_group
async def in_group() -> AsyncIterator[str]:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(5))
        yield "/"  # whatever ends the generator here goes through the group
# ANCHOR_END: in_group


def report(what: str) -> None:
    print(f"{what}: {', '.join(log)}")
    log.clear()


async def main() -> None:
    print([link async for link in paginate()])
    report("all of it")
    links = paginate()
    await first("/1a", links)
    report("break alone")
    await links.aclose()
    report("closed by hand")
    await first_closing("/1a")
    report("aclosing")
    async with aclosing(prefetch(paginate(), ahead=4)) as ahead:
        async for link in ahead:
            for _ in range(20):
                await asyncio.sleep(0)  # is busy with the first
            log.append(f"done with {link}")
            break
    report("prefetched")
    links = in_group()
    await anext(links)
    try:
        await links.aclose()
    except BaseExceptionGroup as error:
        print(f"a yield within a group: {error.exceptions}")


asyncio.run(main())
