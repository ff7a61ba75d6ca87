"""The crawl of the chapter `queue`, with the queue of asyncio."""

import asyncio
from asyncio import Queue

FETCH = 0.005
PAGES = 40


def links(page: int) -> list[int]:
    return [link for link in range(page * 4 - 2, page * 4 + 2) if link <= PAGES] + [1]


# ANCHOR: worker
async def worker(frontier: Queue[int], seen: set[int], done: list[int]):
    while True:
        page = await frontier.get()
        try:
            await asyncio.sleep(FETCH)
            for link in links(page):
                if link not in seen:
                    seen.add(link)
                    frontier.put_nowait(link)
            done.append(page)
        finally:
            frontier.task_done()
# ANCHOR_END: worker


# ANCHOR: crawl
async def crawl() -> list[int]:
    frontier: Queue[int] = Queue()
    seen, done = {1}, []
    async with asyncio.TaskGroup() as group:
        workers = [
            group.create_task(worker(frontier, seen, done))
            for _ in range(2)
        ]
        frontier.put_nowait(1)
        await frontier.join()
        for task in workers:
            task.cancel()
    return done
# ANCHOR_END: crawl


# ANCHOR: bounded
async def bounded_worker(frontier: Queue[int], seen: set[int], done: list[int]):
    while True:
        page = await frontier.get()
        await asyncio.sleep(FETCH)
        for link in links(page):
            if link not in seen:
                seen.add(link)
                await frontier.put(link)  # waits for room that only a worker can make
        done.append(page)
        frontier.task_done()
# ANCHOR_END: bounded


async def crawl_with_a_bound() -> list[int]:
    frontier: Queue[int] = Queue(maxsize=4)
    seen, done = {1}, []
    workers = [asyncio.create_task(bounded_worker(frontier, seen, done)) for _ in range(2)]
    await frontier.put(1)
    try:
        async with asyncio.timeout(1):
            await frontier.join()
    except TimeoutError:
        print("with a bound: stuck")
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return done


async def main() -> None:
    done = await crawl()
    assert sorted(done) == list(range(1, PAGES + 1)), done
    print(f"without a bound: {len(done)} pages")
    done = await crawl_with_a_bound()
    assert len(done) < PAGES, done


asyncio.run(main())
