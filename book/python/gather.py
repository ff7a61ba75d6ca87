"""Several pages at once with the gather of asyncio, on virtual time."""

import asyncio
import selectors

PAGES = ["/", "/about", "/prices"]


async def fetch(page: str, takes: float = 0.5) -> str:
    await asyncio.sleep(takes)
    if page == "/gone":
        raise LookupError("404 /gone")
    return f"200 {page}"


# ANCHOR: one_by_one
async def one_by_one() -> list[str]:
    return [await fetch(page) for page in PAGES]
# ANCHOR_END: one_by_one


# ANCHOR: at_once
async def at_once() -> list[str]:
    return await asyncio.gather(
        fetch("/", 0.5), fetch("/about", 0.1), fetch("/prices", 0.3)
    )
# ANCHOR_END: at_once


# ANCHOR: first_error
async def first_error() -> None:
    slow = asyncio.create_task(fetch("/slow", 0.5))
    try:
        await asyncio.gather(fetch("/gone", 0.1), slow)
    except LookupError as error:
        print(f"{clock()} ms: {error}; is /slow done? {slow.done()}")
    # gather is over and the other fetch is not: nobody has told it to stop
    print(f"    {await slow}, at {clock()} ms")
# ANCHOR_END: first_error


# ANCHOR: settled
async def settled() -> None:
    pages = ["/", "/gone", "/slow"]
    tasks = [asyncio.create_task(fetch(page)) for page in pages]
    asyncio.get_running_loop().call_later(0.1, tasks[2].cancel)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for page, answer in zip(pages, answers):
        match answer:
            case asyncio.CancelledError():  # is no Exception
                print(f"    {page}: cancelled")
            case Exception():
                print(f"    {page}: failed, {answer}")
            case _:
                print(f"    {page}: {answer}")
# ANCHOR_END: settled


# ANCHOR: race
async def race() -> str:
    fetches = [fetch("/a", 0.3), fetch("/b", 0.1)]
    mirrors = [asyncio.create_task(each) for each in fetches]
    done, losers = await asyncio.wait(
        mirrors, return_when=asyncio.FIRST_COMPLETED
    )
    for loser in losers:
        loser.cancel()
    await asyncio.gather(*losers, return_exceptions=True)
    return done.pop().result()
# ANCHOR_END: race


async def main() -> None:
    print(f"one by one: {await one_by_one()}, at {clock()} ms")
    start = clock()
    print(f"at once: {await at_once()}, in {clock() - start} ms")
    await first_error()
    print("settled:")
    await settled()
    print(f"a race: {await race()}")


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
