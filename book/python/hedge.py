"""A second request when the first takes longer than usual; on virtual time."""

import asyncio
import selectors

under_way: set[str] = set()
asked = 0


async def fetch(mirror: str, takes: float) -> str:
    global asked
    asked += 1
    under_way.add(mirror)
    try:
        await asyncio.sleep(takes)
        if takes == 0.01:
            raise ConnectionError(f"{mirror}: no route")
        return f"200 from {mirror}"
    except asyncio.CancelledError:
        await asyncio.sleep(0.005)  # says good-bye
        raise
    finally:
        under_way.discard(mirror)


# ANCHOR: careless
async def careless(first, second, after: float) -> str:
    # Both, always.
    tasks = [asyncio.create_task(first), asyncio.create_task(second)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    # The other goes on; so do both if this is cancelled.
    return done.pop().result()
# ANCHOR_END: careless


# ANCHOR: hedge
async def hedge(first, second, after: float) -> str:
    attempts = [asyncio.create_task(first)]
    try:
        await asyncio.wait(attempts, timeout=after)
        if not attempts[0].done() or attempts[0].exception():
            attempts.append(asyncio.create_task(second))
        left = set(attempts)
        while left:
            done, left = await asyncio.wait(
                left, return_when=asyncio.FIRST_COMPLETED
            )
            for task in attempts:
                if task in done and not task.exception():
                    return task.result()
        errors = [task.exception() for task in attempts]
        raise ExceptionGroup("all failed", errors)
    finally:
        for task in attempts:
            task.cancel()
        # The answer waits for the loser's end.
        await asyncio.gather(*attempts, return_exceptions=True)
        second.close()  # if it never began
# ANCHOR_END: hedge


def still_under_way() -> str:
    return f"under way: {sorted(under_way)}"


async def scene(how, first: float, second: float) -> None:
    global asked
    start, asked = clock(), 0
    try:
        end = await how(fetch("a", first), fetch("b", second), after=0.1)
    except ExceptionGroup as errors:
        end = [str(error) for error in errors.exceptions]
    print(f"{how.__name__}: {end}, {clock() - start} ms, asked {asked}; {still_under_way()}")
    await asyncio.sleep(100)


async def cancelled(how) -> None:
    task = asyncio.create_task(how(fetch("a", 3), fetch("b", 3), after=0.1))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.wait([task])
    print(f"{how.__name__}, cancelled: {still_under_way()}")
    await asyncio.sleep(100)


async def main() -> None:
    for how in [careless, hedge]:
        await scene(how, 0.05, 0.06)
        await scene(how, 3, 0.05)
        await cancelled(how)
    await scene(hedge, 0.3, 3)
    await scene(hedge, 0.01, 0.05)
    await scene(hedge, 0.01, 0.01)


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
