"""A buffer of pages between fetchers and parsers, with the conditions of asyncio."""

import asyncio
from collections import deque


# ANCHOR: one_condition
class OneCondition:
    def __init__(self, room: int) -> None:
        self.room, self.most = room, 0
        self.pages: deque[str] = deque()
        self.changed = asyncio.Condition()

    async def put(self, page: str) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.pages) < self.room)
            self.pages.append(page)
            self.most = max(self.most, len(self.pages))
            self.changed.notify()  # whom? perhaps one who wants to put

    async def get(self) -> str:
        async with self.changed:
            await self.changed.wait_for(lambda: self.pages)
            page = self.pages.popleft()
            self.changed.notify()
            return page
# ANCHOR_END: one_condition


# ANCHOR: two_conditions
class TwoConditions:
    def __init__(self, room: int) -> None:
        self.room, self.most = room, 0
        self.pages: deque[str] = deque()
        lock = asyncio.Lock()
        self.not_full = asyncio.Condition(lock)
        self.not_empty = asyncio.Condition(lock)

    async def put(self, page: str) -> None:
        async with self.not_full:
            has_room = lambda: len(self.pages) < self.room
            await waited_for(self.not_full, has_room)
            self.pages.append(page)
            self.most = max(self.most, len(self.pages))
            self.not_empty.notify()

    async def get(self) -> str:
        async with self.not_empty:
            await waited_for(self.not_empty, lambda: self.pages)
            page = self.pages.popleft()
            self.not_full.notify()
            return page


async def waited_for(condition: asyncio.Condition, true) -> None:
    try:
        await condition.wait_for(true)
    except asyncio.CancelledError:
        condition.notify()  # it may have been our turn: somebody else's now
        raise
# ANCHOR_END: two_conditions


# ANCHOR: scene
async def scene(buffer) -> None:
    parsers = [asyncio.create_task(buffer.get()) for _ in range(2)]
    await asyncio.sleep(0)  # both wait before there is a page
    fetchers = [asyncio.create_task(buffer.put(page)) for page in ["/", "/about"]]
    done, stuck = await asyncio.wait(parsers + fetchers, timeout=1)
    print(f"{type(buffer).__name__}: {len(done)} done, {len(stuck)} stuck, {len(buffer.pages)} left")
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
# ANCHOR_END: scene


# ANCHOR: cancelled
async def cancelled_when_woken() -> None:
    buffer = TwoConditions(room=4)
    first = asyncio.create_task(buffer.get())
    second = asyncio.create_task(buffer.get())
    await asyncio.sleep(0)
    await buffer.put("/")  # wakes the first
    first.cancel()
    page = await asyncio.wait_for(second, 5)
    print(f"the second gets {page}; the first was cancelled: {first.cancelled()}")
# ANCHOR_END: cancelled


async def main() -> None:
    await scene(OneCondition(room=1))
    await scene(TwoConditions(room=1))
    await cancelled_when_woken()
    buffer = TwoConditions(room=3)
    pages = [f"/{n}" for n in range(50)]
    got, *_ = await asyncio.gather(
        asyncio.gather(*(buffer.get() for _ in pages)), *(buffer.put(page) for page in pages)
    )
    print(f"50 pages: all once: {sorted(got) == sorted(pages)}, at most {buffer.most} in it")


asyncio.run(main())
