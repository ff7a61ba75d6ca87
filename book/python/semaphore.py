"""No more than so many fetches at once: the semaphores of asyncio, and one with weights."""

import asyncio
from collections import deque

inside, most = 0, 0
order: list[str] = []


async def fetch(page: str, units: int = 1) -> None:
    global inside, most
    inside += units
    most = max(most, inside)
    order.append(page)
    for _ in range(4):
        await asyncio.sleep(0)
    inside -= units


# ANCHOR: limited
async def limited(page: str, limit: asyncio.Semaphore) -> None:
    async with limit:
        await fetch(page)
# ANCHOR_END: limited


# ANCHOR: twice
async def gives_back_twice(page: str, limit: asyncio.Semaphore) -> None:
    async with limit:
        await fetch(page)
        limit.release()  # and once more at the end of the block
# ANCHOR_END: twice


# ANCHOR: weighted
class Limit:
    """Counts units; nobody overtakes, also where a later one would fit."""

    def __init__(self, units: int) -> None:
        self.units, self.used = units, 0
        self.line: deque[tuple[int, asyncio.Future]] = deque()

    async def acquire(self, units: int) -> None:
        entry = units, asyncio.get_running_loop().create_future()
        self.line.append(entry)
        self.admit()
        try:
            await entry[1]
        except asyncio.CancelledError:
            if entry in self.line:
                self.line.remove(entry)
                self.admit()  # those behind may fit
            elif not entry[1].cancelled():
                self.release(units)  # admitted and cancelled at once
            raise

    def release(self, units: int) -> None:
        self.used -= units
        self.admit()

    def resize(self, units: int) -> None:
        self.units = units  # takes nothing from those inside
        self.admit()

    def admit(self) -> None:
        while self.line and self.used + self.line[0][0] <= self.units:
            units, turn = self.line.popleft()
            if not turn.cancelled():
                self.used += units
                turn.set_result(None)
# ANCHOR_END: weighted


async def weighted(page: str, units: int, limit: Limit) -> None:
    await limit.acquire(units)
    try:
        await fetch(page, units)
    finally:
        limit.release(units)


def report(what: str) -> None:
    global most
    print(f"{what}: at most {most} inside; {' '.join(order)}")
    most = 0
    order.clear()


async def main() -> None:
    pages = "abcdefgh"
    limit = asyncio.Semaphore(3)
    await asyncio.gather(*(limited(page, limit) for page in pages))
    report("a limit of 3")
    await asyncio.gather(*(gives_back_twice(page, limit) for page in pages))
    report("given back twice")
    careful = asyncio.BoundedSemaphore(3)
    error, *_ = await asyncio.gather(gives_back_twice("a", careful), return_exceptions=True)
    report(f"{error}")

    limit = Limit(4)
    wanted = [("a", 3), ("BIG", 4), ("c", 1), ("d", 1)]
    await asyncio.gather(*(weighted(page, units, limit) for page, units in wanted))
    report("4 units, one wants all of them")
    tasks = [asyncio.create_task(weighted(page, units, limit)) for page, units in wanted]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    report("it was cancelled in the line")
    limit.resize(1)
    limit.resize(2)
    await asyncio.gather(*(weighted(page, 1, limit) for page in pages))
    report("resized to 2")
    print(f"left over: {limit.used} used, {len(limit.line)} in line")


asyncio.run(main())
