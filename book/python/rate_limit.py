"""So many requests in any window, in turn, with asyncio's lock as the line; on virtual time."""

import asyncio
import selectors
from collections import deque

QUOTA, WINDOW = 3, 0.1


# ANCHOR: fixed_window
class FixedWindow:
    def __init__(self) -> None:
        self.window, self.used = 0, 0

    async def acquire(self) -> None:
        while True:
            now = asyncio.get_running_loop().time()
            if self.window != now // WINDOW:
                self.window, self.used = now // WINDOW, 0
            if self.used < QUOTA:
                self.used += 1
                return
            await asyncio.sleep((self.window + 1) * WINDOW - now)
# ANCHOR_END: fixed_window


# ANCHOR: rate_limiter
class RateLimiter:
    def __init__(self) -> None:
        self.line = asyncio.Lock()  # one after the other, as they came
        self.recent = deque([float("-inf")] * QUOTA, maxlen=QUOTA)

    async def acquire(self) -> float:
        async with self.line:
            now = asyncio.get_running_loop().time()
            # only the first in line has a timer
            await asyncio.sleep(max(0, self.recent[0] + WINDOW - now))
            instant = asyncio.get_running_loop().time()
            self.recent.append(instant)
            return instant

    def refund(self, instant: float) -> None:
        """Nothing was sent. Of use to who comes later, not to the timer."""
        self.recent.remove(instant)
        self.recent.appendleft(float("-inf"))
# ANCHOR_END: rate_limiter


async def requests(limiter, count: int) -> list[int]:
    async def request() -> None:
        await limiter.acquire()
        admitted.append(clock())

    admitted: list[int] = []
    await asyncio.gather(*(request() for _ in range(count)))
    return admitted


def densest(admitted: list[int]) -> int:
    window = round(WINDOW * 1000)
    return max(sum(start <= each < start + window for each in admitted) for start in admitted)


async def main() -> None:
    for limiter in [FixedWindow(), RateLimiter()]:
        await asyncio.sleep(0.18 - asyncio.get_running_loop().time() % WINDOW)
        start = clock()
        admitted = [each - start for each in await requests(limiter, 8)]
        print(f"{type(limiter).__name__}: {admitted}, up to {densest(admitted)} in any 100 ms")

    limiter = RateLimiter()
    admitted = await requests(limiter, 300)
    took = admitted[-1] - admitted[0]
    print(f"300 waiters: {took} ms, up to {densest(admitted)} in any 100 ms")

    await asyncio.sleep(1)
    limiter, start = RateLimiter(), clock()
    tasks = [asyncio.create_task(limiter.acquire()) for _ in range(6)]
    await asyncio.sleep(0.05)
    tasks[3].cancel()
    tasks[4].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    print(f"two left the line: the last is admitted after {round(done[5] * 1000) - start} ms")
    limiter.refund(done[5])
    limiter.refund(await limiter.acquire())
    again = [await limiter.acquire() for _ in range(4)]
    print(f"two were refunded: the next after {[round(each * 1000) - start for each in again]} ms")


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
