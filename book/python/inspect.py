"""What a program is doing: its tasks, what each awaits, and who waits for whom in a circle."""

import asyncio
from itertools import pairwise


# ANCHOR: lock
class Lock:
    """A lock that knows who has it and who wants it; asyncio's doesn't say."""

    def __init__(self, name: str) -> None:
        self.name, self.lock = name, asyncio.Lock()
        self.holder: str | None = None

    async def __aenter__(self) -> None:
        me = asyncio.current_task().get_name()
        wanted[me] = self
        try:
            await self.lock.acquire()
            self.holder = me
        finally:
            del wanted[me]

    async def __aexit__(self, *error) -> None:
        self.holder = None
        self.lock.release()


wanted: dict[str, Lock] = {}
# ANCHOR_END: lock


# ANCHOR: tree
def awaits(task: asyncio.Task) -> list[str]:
    """The coroutines of a task, from the outermost to the one that waits."""
    names, coroutine = [], task.get_coro()
    while hasattr(coroutine, "cr_await"):
        names.append(coroutine.__qualname__)
        coroutine = coroutine.cr_await
    return names


def tree() -> list[str]:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    tasks = sorted(others, key=asyncio.Task.get_name)
    return [f"{task.get_name()}: {' > '.join(awaits(task))}" for task in tasks]
# ANCHOR_END: tree


# ANCHOR: circles
def circle() -> list[str]:
    for start in sorted(wanted):
        way = [start]
        while (lock := wanted.get(way[-1])) and lock.holder:
            if lock.holder in way:
                return way[way.index(lock.holder):] + [lock.holder]
            way.append(lock.holder)
    return []
# ANCHOR_END: circles


async def move(first: Lock, second: Lock) -> None:
    async with first:
        await asyncio.sleep(0)
        async with second:
            pass


async def fetch(page: str) -> None:
    await connect(page)


async def connect(page: str) -> None:
    await asyncio.sleep(60)


async def main() -> None:
    blog, shop = Lock("blog"), Lock("shop")
    tasks = [
        asyncio.create_task(fetch("/"), name="fetch /"),
        asyncio.create_task(move(blog, shop), name="blog to shop"),
        asyncio.create_task(move(shop, blog), name="shop to blog"),
        asyncio.create_task(move(blog, shop), name="stands behind"),
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    print(*tree(), sep="\n")
    way = circle()
    for who, whom in pairwise(way):
        print(f"    {who} has to wait for {whom}: it has {wanted[who].name}")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"in the end: {tree()}")


asyncio.run(main())
