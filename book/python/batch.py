"""Batches of results by number and by time, on virtual time."""

import asyncio
import selectors
from collections.abc import AsyncIterator
from contextlib import aclosing

SCRIPT = [(0, "a"), (0, "b"), (0, "c"), (0, "d"), (0.05, "e"), (0.3, "f"), (0.01, "g")]


async def results() -> AsyncIterator[str]:
    for pause, page in SCRIPT:
        await asyncio.sleep(pause)
        yield page


# ANCHOR: careless
async def careless(source: AsyncIterator[str], most: int, wait: float):
    batch: list[str] = []
    while True:
        try:
            # over its limit, wait_for cancels what it waits for:
            # the generator is at its end
            batch.append(await asyncio.wait_for(anext(source), wait))
        except TimeoutError:
            pass
        except StopAsyncIteration:
            break
        if len(batch) < most and batch:
            continue
        if batch:
            yield batch
        batch = []
    if batch:
        yield batch
# ANCHOR_END: careless


# ANCHOR: batch
async def batched(source: AsyncIterator[str], most: int, wait: float):
    batch: list[str] = []
    due = None
    coming = asyncio.ensure_future(anext(source))
    try:
        while True:
            left = due and max(0, due - asyncio.get_running_loop().time())
            # leaves it running
            done, _ = await asyncio.wait([coming], timeout=left)
            if done:
                try:
                    batch.append(coming.result())
                except StopAsyncIteration:
                    break
                coming = asyncio.ensure_future(anext(source))
                due = due or asyncio.get_running_loop().time() + wait
            if batch and (not done or len(batch) == most):
                yield batch
                batch, due = [], None
        if batch:
            yield batch
    finally:
        coming.cancel()
        await asyncio.wait([coming])
# ANCHOR_END: batch


async def main() -> None:
    for batches in [careless, batched]:
        print(f"{batches.__name__}:")
        start = clock()
        async with aclosing(results()) as source, aclosing(batches(source, 3, 0.1)) as made:
            async for batch in made:
                print(f"    {clock() - start} ms: {batch}")


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
