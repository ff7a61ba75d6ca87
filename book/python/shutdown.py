"""SIGTERM with work in flight: what has begun is finished, the rest is handed back."""

import asyncio
import os
import signal


# ANCHOR: careless
async def careless(pages: list[str], done: list[str]) -> None:
    while pages:
        page = pages.pop(0)
        if page == "/1":
            # asyncio.run cancels its main task
            os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.001)
        done.append(page)
# ANCHOR_END: careless


# ANCHOR: shutdown
class Shutdown:
    """The first signal asks, the second one forces."""

    def __init__(self) -> None:
        self.asked, self.forced = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.heard, each)

    def heard(self, number: signal.Signals) -> None:
        print(f"    {number.name}")
        (self.forced if self.asked.is_set() else self.asked).set()

    async def run(self, work, grace: float) -> int:
        """The program's exit code."""
        task = asyncio.create_task(work)
        limits = [self.forced.wait(), self.overtime(grace)]
        limits = [asyncio.create_task(limit) for limit in limits]
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait([task, *limits], return_when=first)
        late = not task.done()
        for each in [task, *limits]:
            each.cancel()
        await asyncio.gather(task, *limits, return_exceptions=True)
        return 1 if late else 0

    async def overtime(self, grace: float) -> None:
        await self.asked.wait()
        await asyncio.sleep(grace)
# ANCHOR_END: shutdown


# ANCHOR: worker
async def worker(
    pages: list[str], done: list[str], shutdown: Shutdown, deaf: bool
) -> None:
    while pages and not shutdown.asked.is_set():
        page = pages.pop(0)
        if page == "/1":
            # as `kill` does, from outside
            os.kill(os.getpid(), signal.SIGTERM)
            await shutdown.asked.wait()
        try:
            if deaf:
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(60)
            done.append(page)
        except asyncio.CancelledError:
            pages.insert(0, page)
            raise
# ANCHOR_END: worker


async def scene(what: str, grace: float, deaf: bool) -> None:
    pages, done = ["/0", "/1", "/2", "/3"], []
    if deaf:
        pages.pop(0)
    print(f"{what}:")
    shutdown = Shutdown()
    code = await shutdown.run(worker(pages, done, shutdown, deaf), grace)
    print(f"    exit code {code}; done: {done}, handed back: {pages}")


def no_care() -> None:
    pages, done = ["/0", "/1", "/2", "/3"], []
    try:
        asyncio.run(careless(pages, done))
    except KeyboardInterrupt:
        print(f"careless: done: {done}, left: {pages}; where is /1?")


signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was ignored
no_care()
asyncio.run(scene("one signal", grace=5, deaf=False))
asyncio.run(scene("a second signal", grace=5, deaf=True))
