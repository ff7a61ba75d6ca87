"""Fetching again with growing pauses, and knowing when not to; on virtual time."""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Iterator


INF = float("inf")


class Busy(Exception):
    def __init__(self, retry_after: float = 0) -> None:
        super().__init__("503")
        self.retry_after = retry_after


# ANCHOR: naive
async def naive(work: Callable[[], Awaitable[str]], attempts: int) -> str:
    for attempt in range(attempts):
        try:
            return await work()
        except Exception:  # also a page that will never be there
            # The same for all, and also after the last.
            await asyncio.sleep(0.1 * 2**attempt)
    raise RuntimeError("gave up")  # but why?
# ANCHOR_END: naive


# ANCHOR: backoff
def backoff(first: float, most: float, dice: random.Random) -> Iterator[float]:
    pause = first
    while True:
        yield dice.uniform(pause / 2, pause)
        pause = min(pause * 2, most)
# ANCHOR_END: backoff


# ANCHOR: retry
async def retry(
    work, attempts: int, pauses: Iterator[float], deadline: float = INF
) -> str:
    log = []
    while True:
        try:
            return await work()
        except Busy as error:  # what may go better next time
            log.append(f"{clock()} ms: {error}")
            pause = max(next(pauses), error.retry_after)
            if len(log) == attempts:
                reason = f"after {attempts} attempts"
            elif now() + pause >= deadline:
                reason = f"no time for a pause of {pause * 1000:.0f} ms"
            else:
                await asyncio.sleep(pause)
                continue
            error.add_note(f"gave up: {reason}; {', '.join(log)}")
            raise
# ANCHOR_END: retry


def server(*answers: str | Exception) -> Callable[[], Awaitable[str]]:
    left = iter(answers)

    async def fetch() -> str:
        await asyncio.sleep(0.01)
        seen.append(clock())
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return fetch


def busy_at_first() -> Callable[[], Awaitable[str]]:
    return server(Busy(), Busy(), "200")


seen: list[int] = []


async def show(what: str, *clients: Awaitable[str]) -> None:
    seen.clear()
    start = clock()
    ends = await asyncio.gather(*clients, return_exceptions=True)
    attempts = [at - start for at in seen]
    print(f"{what}: {ends[0]!r}, attempts at {attempts}, {clock() - start} ms in all")
    for note in getattr(ends[0], "__notes__", []):
        print(f"    {note}")


async def main() -> None:
    dice = random.Random(7)

    def pauses() -> Iterator[float]:
        return backoff(0.1, 1, dice)

    await show("naive, three clients", *(naive(busy_at_first(), 3) for _ in range(3)))
    await show("naive, a page that is gone", naive(server(*[LookupError("404")] * 3), 3))
    await show("three clients", *(retry(busy_at_first(), 3, pauses()) for _ in range(3)))
    await show("gone", retry(server(LookupError("404")), 3, pauses()))
    await show("the server says when", retry(server(Busy(2), "200"), 3, pauses()))
    await show("always busy", retry(server(*[Busy()] * 3), 3, pauses()))
    soon = now() + 0.3
    await show("a deadline", retry(server(*[Busy()] * 9), 9, pauses(), deadline=soon))


def now() -> float:
    return asyncio.get_running_loop().time()


def clock() -> int:
    return round(now() * 1000)


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
