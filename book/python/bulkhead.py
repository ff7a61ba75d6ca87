"""One slow host must not take every place: a limit for all, and one for each; on virtual time."""

import asyncio
import selectors
from collections import defaultdict

PLACES = 6


class Full(Exception):
    pass


async def fetch(host: str) -> str:
    await asyncio.sleep(60 if host == "slow" else 0.01)
    return "200"


# ANCHOR: shared
class Shared:
    def __init__(self) -> None:
        self.places = asyncio.Semaphore(PLACES)

    async def fetch(self, host: str) -> str:
        async with self.places:
            return await fetch(host)
# ANCHOR_END: shared


# ANCHOR: bulkhead
class Bulkhead:
    def __init__(self, at_once: int, line: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        self.room = at_once + line

    async def run(self, work) -> str:
        if not self.room:  # no await between the question and the answer
            work.close()
            raise Full("no place, and none in the line")
        self.room -= 1
        try:
            async with self.places:
                return await work
        finally:
            self.room += 1


class PerHost:
    def __init__(self) -> None:
        self.hosts: dict[str, Bulkhead] = defaultdict(
            lambda: Bulkhead(at_once=2, line=3)
        )

    async def fetch(self, host: str) -> str:
        return await self.hosts[host].run(fetch(host))
# ANCHOR_END: bulkhead


async def scene(fetcher) -> None:
    print(f"{type(fetcher).__name__}:")
    start = clock()
    slow = [asyncio.create_task(fetcher.fetch("slow")) for _ in range(20)]
    await asyncio.sleep(0)
    quick = [asyncio.create_task(fetcher.fetch("quick")) for _ in range(4)]
    await asyncio.wait(quick)
    print(f"    the 4 of the quick host took {clock() - start} ms")
    ends = await asyncio.gather(*slow, return_exceptions=True)
    full = sum(isinstance(end, Full) for end in ends)
    print(f"    the 20 of the slow host took {clock() - start} ms; {full} were turned away at once")


async def main() -> None:
    await scene(Shared())
    await scene(PerHost())


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
