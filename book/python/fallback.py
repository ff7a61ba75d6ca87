"""Yesterday's answer where today's can't be had, and never instead of a cancellation."""

import asyncio
from collections.abc import Awaitable, Callable


class NotAsked(Exception):
    pass


# ANCHOR: careless
async def careless(work: Awaitable[str], default: str) -> str:
    try:
        return await work
    except BaseException:  # it says "whatever happens", and means it
        return default
# ANCHOR_END: careless


# ANCHOR: fallback
async def fallback(
    work: Awaitable[str],
    default: Callable[[Exception], str],
    limit: float = 5,
    unless: tuple[type[Exception], ...] = (),
) -> str:
    try:
        async with asyncio.timeout(limit):
            return await work
    except unless:
        raise
    except Exception as error:  # a cancellation is none, and passes
        return default(error)
# ANCHOR_END: fallback


# ANCHOR: safe
def as_yesterday(error: Exception) -> str:
    return f"as yesterday ({type(error).__name__})"
# ANCHOR_END: safe


async def fetch(answer: str | Exception) -> str:
    if answer == "slow":
        await asyncio.sleep(10)
    if isinstance(answer, Exception):
        raise answer
    return answer


async def cancelled(work: Awaitable[str]) -> str:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return "passes" if task.cancelled() else f"is answered with {task.result()!r}"


async def main() -> None:
    print(f"careless: a cancellation {await cancelled(careless(fetch('slow'), 'as yesterday'))}")
    print(await fallback(fetch("200 /"), as_yesterday))
    print(await fallback(fetch(ConnectionError("no route")), as_yesterday))
    print(await fallback(fetch("slow"), as_yesterday, limit=0.01))
    try:
        await fallback(fetch(NotAsked("robots.txt")), as_yesterday, unless=(NotAsked,))
    except NotAsked as error:
        print(f"is told: {error}")
    print(f"a cancellation {await cancelled(fallback(fetch('slow'), as_yesterday))}")


asyncio.run(main())
