"""Is it cancel safe? A scenario is run again and again, each time ended at another await."""

import asyncio
import types
from collections.abc import Callable, Coroutine
from itertools import count


# ANCHOR: ended_at
@types.coroutine
def ended_at(work: Coroutine, wait: int, closed: bool):
    """Drives `work` as a task would, and ends it at one of its waits.

    False if it has fewer.
    """
    try:
        waiting = work.send(None)
        for _ in range(wait):
            yield waiting
            waiting = work.send(None)
        if closed:
            # nearly what a dropped future is: no cleanup that awaits
            work.close()
            return True
        waiting = work.throw(asyncio.CancelledError())
        while True:  # its cleanup
            yield waiting
            waiting = work.send(None)
    except StopIteration:
        return False
    except asyncio.CancelledError:
        return True


async def drive(work: Coroutine, wait: int, closed: bool) -> bool:
    return await ended_at(work, wait, closed)
# ANCHOR_END: ended_at


# ANCHOR: explore
async def explore(
    new: Callable, work: Callable[..., Coroutine], holds: Callable
) -> None:
    print(f"{work.__name__}:")
    for closed in [False, True]:
        for wait in count():
            state, error = new(), None
            try:
                driven = drive(work(state), wait, closed)
                if not await asyncio.create_task(driven):
                    break
            except RuntimeError as raised:
                error = raised
            how = "closed" if closed else "cancelled"
            why = f", {error}" if error else ""
            what = "fine" if holds(state) else f"LEFT OPEN{why}"
            print(f"    {how} at wait {wait}: {what}")
# ANCHOR_END: explore


class Counter:
    def __init__(self) -> None:
        self.open = 0


# ANCHOR: careless
async def careless(counter: Counter) -> None:
    counter.open += 1
    await asyncio.sleep(0)  # uses the connection
    await asyncio.sleep(0)
    counter.open -= 1
# ANCHOR_END: careless


# ANCHOR: says_goodbye
async def says_goodbye(counter: Counter) -> None:
    counter.open += 1
    try:
        await asyncio.sleep(0)
    finally:
        # the first thing that a cleanup does must not be a wait
        await asyncio.sleep(0)
        counter.open -= 1
# ANCHOR_END: says_goodbye


# ANCHOR: careful
async def careful(counter: Counter) -> None:
    counter.open += 1
    try:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        counter.open -= 1
# ANCHOR_END: careful


async def main() -> None:
    for work in [careless, says_goodbye, careful]:
        await explore(Counter, work, lambda counter: counter.open == 0)


asyncio.run(main())
