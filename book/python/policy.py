"""Limit, retry and fallback around one call: the order decides what they do; on virtual time."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable

Call = Callable[[], Awaitable[str]]


# ANCHOR: stages
def timeout(seconds: float) -> Callable[[Call], Call]:
    def around(call: Call) -> Call:
        async def limited() -> str:
            async with asyncio.timeout(seconds):
                return await call()

        return limited

    return around


def retry(attempts: int, pause: float) -> Callable[[Call], Call]:
    def around(call: Call) -> Call:
        async def again() -> str:
            for attempt in range(1, attempts + 1):
                try:
                    return await call()
                except Exception:
                    if attempt == attempts:
                        raise
                    await asyncio.sleep(pause)

        return again

    return around


def fallback(value: str) -> Callable[[Call], Call]:
    def around(call: Call) -> Call:
        async def or_else() -> str:
            try:
                return await call()
            except Exception:
                return value

        return or_else

    return around
# ANCHOR_END: stages


# ANCHOR: policy
def policy(*stages: Callable[[Call], Call]) -> Callable[[Call], Call]:
    """The first is the outermost. Any order is accepted."""

    def around(call: Call) -> Call:
        for stage in reversed(stages):
            call = stage(call)
        return call

    return around
# ANCHOR_END: policy


class Host:
    """Hangs at first, then refuses, then answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self) -> str:
        self.asked += 1
        if self.asked == 1:
            await asyncio.sleep(60)
        if self.asked == 2:
            raise ConnectionError("refused")
        return "200"


async def show(what: str, *stages: Callable[[Call], Call]) -> None:
    host, start = Host(), clock()
    try:
        end = await policy(*stages)(host.fetch)()
    except Exception as error:
        end = type(error).__name__
    print(f"{what}: {end} after {clock() - start} ms, asked {host.asked}")


# ANCHOR: orders
async def main() -> None:
    again, old = retry(attempts=3, pause=0.1), fallback("as yesterday")
    what = "fallback, retry, limit of an attempt"
    await show(what, old, again, timeout(1))
    what = "fallback, limit of the call, retry"
    await show(what, old, timeout(1), again)
    await show("both limits", old, timeout(5), again, timeout(1))
    what = "retry, fallback: one attempt is all there is"
    await show(what, again, old, timeout(1))
    what = "a limit inside of a shorter one: it never passes"
    await show(what, again, timeout(1), timeout(5))
# ANCHOR_END: orders


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
