"""A host that doesn't answer is left alone for a while, then tried by one; on virtual time."""

import asyncio
import selectors
from collections import deque


class Open(Exception):
    pass


# ANCHOR: careless
class Careless:
    def __init__(self) -> None:
        self.failures, self.opened = 0, float("-inf")

    async def call(self, work):
        if self.failures >= 3 and now() < self.opened + 1:
            raise Open("open")
        try:
            result = await work()
        except BaseException:  # also a caller who gives up
            self.failures, self.opened = self.failures + 1, now()
            raise
        self.failures = 0
        return result
# ANCHOR_END: careless


# ANCHOR: breaker
class CircuitBreaker:
    def __init__(
        self, rate: float = 0.5, calls: int = 4, pause: float = 1
    ) -> None:
        self.rate, self.pause = rate, pause
        self.window: deque[bool] = deque(maxlen=calls)
        self.until: float | None = None  # open or half-open
        self.probe = False

    async def call(self, work):
        probe = self.until is not None
        if probe and (now() < self.until or self.probe):
            raise Open(f"open for {max(0, self.until - now()):.1f} s more")
        self.probe = probe  # reserved before anybody else can ask
        try:
            result = await work()
        except Exception:
            self.ended(failed=True, probe=probe)
            raise
        else:
            self.ended(failed=False, probe=probe)
            return result
        finally:  # a cancellation comes here alone, and is no verdict
            self.probe = self.probe and not probe

    def ended(self, failed: bool, probe: bool) -> None:
        if probe:
            self.until = now() + self.pause if failed else None
            self.window.clear()
        elif self.until is None:  # one from before it opened doesn't count
            self.window.append(failed)
            full = len(self.window) == self.window.maxlen
            if full and sum(self.window) / len(self.window) >= self.rate:
                self.until = now() + self.pause
# ANCHOR_END: breaker


class Host:
    def __init__(self) -> None:
        self.up, self.asked = True, 0

    async def fetch(self) -> str:
        self.asked += 1
        await asyncio.sleep(0.1)
        if not self.up:
            raise ConnectionError("no route")
        return "200"


async def calls(breaker, host: Host, count: int) -> str:
    host.asked = 0
    attempts = (breaker.call(host.fetch) for _ in range(count))
    ends = await asyncio.gather(*attempts, return_exceptions=True)
    names = [end if isinstance(end, str) else type(end).__name__ for end in ends]
    said = ", ".join(f"{names.count(name)} {name}" for name in sorted(set(names)))
    return f"{said}; the host was asked {host.asked} times"


async def impatient(breaker, host: Host) -> str:
    for _ in range(4):
        try:
            async with asyncio.timeout(0.05):
                await breaker.call(host.fetch)
        except (TimeoutError, Open):
            pass
    return await calls(breaker, host, 1)


async def main() -> None:
    for kind in [Careless, CircuitBreaker]:
        print(f"{kind.__name__}:")
        host, breaker = Host(), kind()
        print(f"    some gave up, the host is fine: {await impatient(breaker, host)}")
        await asyncio.sleep(2)
        host.up = False
        print(f"    it goes down: {await calls(breaker, host, 4)}")
        print(f"    a moment later: {await calls(breaker, host, 100)}")
        await asyncio.sleep(1)
        print(f"    after the pause: {await calls(breaker, host, 100)}")
        host.up = True
        await asyncio.sleep(1)
        print(f"    it is back: {await calls(breaker, host, 100)}")
        print(f"    and then: {await calls(breaker, host, 100)}")


def now() -> float:
    return asyncio.get_running_loop().time()


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
