"""Code that blocks, beside the loop: threads, how many, and what can't be taken back."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

inside = most = 0
lock = threading.Lock()


# ANCHOR: parse
def parse(
    page: str, steps: int = 10, stop: threading.Event | None = None
) -> str:
    global inside, most
    with lock:
        inside += 1
        most = max(most, inside)
    try:
        for _ in range(steps):
            if stop and stop.is_set():
                return f"gave up {page}"
            time.sleep(0.002)  # computes, or waits for what isn't async
        return f"parsed {page}"
    finally:
        with lock:
            inside -= 1
# ANCHOR_END: parse


# ANCHOR: on_the_loop
async def on_the_loop(page: str) -> str:
    return parse(page)


async def beside_it(page: str) -> str:
    return await asyncio.to_thread(parse, page)
# ANCHOR_END: on_the_loop


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


# ANCHOR: bounded
async def bounded() -> list[str]:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as threads:
        jobs = [
            loop.run_in_executor(threads, parse, f"/{n}")
            for n in range(6)
        ]
        return await asyncio.gather(*jobs)
# ANCHOR_END: bounded


# ANCHOR: abandoned
async def abandoned() -> None:
    started, go_on, ended = (threading.Event() for _ in range(3))

    def slow() -> None:
        started.set()
        go_on.wait(5)
        ended.set()

    job = asyncio.create_task(asyncio.to_thread(slow))
    await asyncio.to_thread(started.wait)
    job.cancel()  # ends the wait, and nothing else
    await asyncio.wait([job])
    go_on.set()
    went_on = await asyncio.to_thread(ended.wait, 5)
    print(f"cancelled: {job.cancelled()}; it went on: {went_on}")
# ANCHOR_END: abandoned


# ANCHOR: asked
async def asked() -> None:
    stop = threading.Event()
    job = asyncio.create_task(asyncio.to_thread(parse, "/slow", 5000, stop))
    await asyncio.sleep(0)
    stop.set()
    print("asked to stop:", await job)
# ANCHOR_END: asked


async def main() -> None:
    global most
    print(f"ticks while the loop parses: {await ticks_during(on_the_loop('/'))}")
    print(f"ticks while a thread does: {'some' if await ticks_during(beside_it('/')) else 'none'}")
    most = 0
    pages = await bounded()
    in_order = pages == [f"parsed /{n}" for n in range(6)]
    print(f"6 jobs, never more than 2 at once: {most <= 2}; in order: {in_order}")
    await abandoned()
    await asked()


asyncio.run(main())
