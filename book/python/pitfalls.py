"""Four mistakes that everybody makes once, and what asyncio says to them."""

import asyncio
import gc
import time
import warnings


# ANCHOR: blocks
async def ticks_during(work) -> int:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0)
    before = ticks
    await work
    ticker.cancel()
    return ticks - before


async def blocks() -> None:
    time.sleep(0.02)  # the whole program stands still


async def waits() -> None:
    await asyncio.sleep(0.02)
# ANCHOR_END: blocks


# ANCHOR: forgets
checked: list[str] = []


async def check(page: str) -> None:
    checked.append(page)


async def forgets() -> None:
    check("/")  # makes a coroutine, and runs none of it
# ANCHOR_END: forgets


# ANCHOR: nests
async def nests() -> None:
    inner = check("/about")
    try:
        asyncio.run(inner)
    except RuntimeError as error:
        print(f"nested: {error}")
    await inner
    print(f"awaited: {checked}")
# ANCHOR_END: nests


# ANCHOR: swallows
async def swallows() -> None:
    for page in ["/", "/about", "/prices"]:
        try:
            await asyncio.sleep(0.001)
        except BaseException:
            print(f"    {page} gave trouble, on to the next")


async def listens() -> None:
    for page in ["/", "/about", "/prices"]:
        try:
            await asyncio.sleep(0.001)
        except Exception:  # a cancellation is none, since 3.8
            print(f"    {page} gave trouble, on to the next")
# ANCHOR_END: swallows


async def main() -> None:
    print(f"ticks while it blocks: {await ticks_during(blocks())}")
    print(f"ticks while it waits: {'some' if await ticks_during(waits()) else 'none'}")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        await forgets()
        gc.collect()
    print(f"forgotten: {str(heard[0].message).splitlines()[0]}; checked: {checked}")
    await nests()
    for work in [swallows, listens]:
        print(f"{work.__name__}:")
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        print(f"    cancelled: {task.cancelled()}")


asyncio.run(main())
