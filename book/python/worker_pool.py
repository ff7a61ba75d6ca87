"""Workers that are handed jobs and give back futures, as asyncio's own parts make them."""

import asyncio


async def parse(page: str) -> str:
    await asyncio.sleep(0)
    if page == "/broken":
        raise ValueError("a tag without an end")
    return f"parsed {page}"


# ANCHOR: careless
class Careless:
    def __init__(self, workers: int) -> None:
        self.queue: asyncio.Queue = asyncio.Queue()
        tasks = (asyncio.create_task(self.work()) for _ in range(workers))
        self.workers = list(tasks)

    async def work(self) -> None:
        while True:
            page, future = await self.queue.get()
            future.set_result(await parse(page))  # either call may raise

    async def submit(self, page: str) -> str:
        future = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((page, future))
        return await future

    async def stop(self) -> None:
        for worker in self.workers:
            worker.cancel()  # and whoever waits for a job waits for ever
        await asyncio.gather(*self.workers, return_exceptions=True)
# ANCHOR_END: careless


# ANCHOR: pool
class WorkerPool:
    def __init__(self, workers: int, bound: int = 100) -> None:
        self.queue: asyncio.Queue = asyncio.Queue(bound)
        tasks = (asyncio.create_task(self.work()) for _ in range(workers))
        self.workers = list(tasks)
        self.closed = False
        self.never_started: list[str] = []

    async def work(self) -> None:
        while True:
            page, future = await self.queue.get()
            try:
                if not future.cancelled():  # nobody waits for it any more
                    result = await parse(page)
                    if not future.done():
                        future.set_result(result)
                else:
                    self.never_started.append(page)
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            finally:
                future.cancel()  # only if the worker itself was cancelled
                self.queue.task_done()

    async def submit(self, page: str) -> str:
        if self.closed:
            raise RuntimeError("the pool is closed")
        future = asyncio.get_running_loop().create_future()
        await self.queue.put((page, future))
        return await future

    async def stop(self) -> None:
        self.closed = True
        await self.queue.join()  # what is in is finished
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)
# ANCHOR_END: pool


async def scene(kind) -> None:
    pool = kind(1)
    pages = ["/", "/left", "/broken", "/about"]
    jobs = [asyncio.create_task(pool.submit(page)) for page in pages]
    await asyncio.sleep(0)
    jobs[1].cancel()  # its submitter has lost patience
    await asyncio.wait(jobs, timeout=1)
    print(f"{kind.__name__}:")
    for page, job in zip(pages, jobs):
        if not job.done():
            end = "waits for ever"
        elif job.cancelled():
            end = "cancelled"
        else:
            end = job.exception() or job.result()
        print(f"    {page}: {end}")
    if never := getattr(pool, "never_started", None):
        print(f"    never started: {never}")
    print(f"    workers alive: {sum(not worker.done() for worker in pool.workers)}")
    await pool.stop()
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


async def main() -> None:
    await scene(Careless)
    await scene(WorkerPool)

    pool = WorkerPool(4)
    jobs = [asyncio.create_task(pool.submit(f"/{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await pool.stop()
    done = await asyncio.gather(*jobs)
    print(f"stopped with 50 in it: {len(done)} done, from {done[0]!r} to {done[-1]!r}")
    try:
        await pool.submit("/late")
    except RuntimeError as error:
        print(f"later: {error}")


asyncio.run(main())
