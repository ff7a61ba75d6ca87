"""Checks at set times, on a grid, never twice at once, cancelled in the end; on virtual time."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]
runs: list[int] = []


# ANCHOR: drifts
async def drifts(job: Job, period: float, times: int) -> None:
    for _ in range(times):
        # From the end of one run to the start of the next.
        await asyncio.sleep(period)
        await job()
# ANCHOR_END: drifts


# ANCHOR: scheduler
class Scheduler:
    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task] = {}
        self.skipped = 0

    def at(self, name: str, instant: float, job: Job) -> None:
        self.track(name, self.once(instant, job))

    def every(self, name: str, period: float, times: int, job: Job) -> None:
        start = asyncio.get_running_loop().time()
        self.track(name, self.on_grid(start, period, times, job))

    def track(self, name: str, work) -> None:
        task = asyncio.create_task(work, name=name)
        self.tasks[name] = task
        task.add_done_callback(lambda _: self.tasks.pop(name))

    async def once(self, instant: float, job: Job) -> None:
        left = instant - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0, left))
        await job()

    async def on_grid(
        self, start: float, period: float, times: int, job: Job
    ) -> None:
        for n in range(1, times + 1):
            left = start + n * period - asyncio.get_running_loop().time()
            if left < 0:  # the last run went on for too long
                self.skipped += 1
                continue
            await asyncio.sleep(left)
            await job()

    async def idle(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks.values())

    async def cancel_all(self) -> list[str]:
        cancelled = list(self.tasks)
        for task in self.tasks.values():
            task.cancel()
        await self.idle()
        return cancelled
# ANCHOR_END: scheduler


async def check(takes: float = 0.03) -> None:
    runs.append(clock())
    await asyncio.sleep(takes)


async def show(what: str, work: Awaitable) -> None:
    runs.clear()
    start = clock()
    end = await work
    print(f"{what}: at {[at - start for at in runs]}{f'; cancelled: {end}' if end else ''}")


async def main() -> None:
    scheduler, loop = Scheduler(), asyncio.get_running_loop()
    await show("drifts", drifts(check, 0.1, 5))
    scheduler.every("home", 0.1, 5, check)
    await show("keeps to the grid", scheduler.idle())
    scheduler.every("slow", 0.1, 5, lambda: check(0.15))
    await show("too slow", scheduler.idle())
    print(f"    skipped: {scheduler.skipped}")
    scheduler.at("later", loop.time() + 0.25, check)
    scheduler.at("at once", loop.time() - 5, check)
    await show("two instants", scheduler.idle())

    scheduler.at("tonight", loop.time() + 3600, check)
    scheduler.every("hourly", 3600, 24, check)
    await show("an end", scheduler.cancel_all())

    runs.clear()
    noon = loop.time() + 60
    for n in range(300):
        scheduler.at(f"site {n}", noon, check)
    await scheduler.idle()
    print(f"300 at noon: {len(runs)} runs, all on time: {set(runs) == {round(noon * 1000)}}")


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
