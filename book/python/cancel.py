"""Timeouts of asyncio: whose was it, what instead, and how much is left; on virtual time."""

import asyncio
import selectors


async def fetch(page: str) -> str:
    await asyncio.sleep(0.05)
    if page == "/far":
        raise TimeoutError("the connection")  # as sockets do
    await asyncio.sleep(10)
    return f"200 {page}"


# ANCHOR: guess
async def guess(page: str) -> None:
    try:
        await asyncio.wait_for(fetch(page), 0.5)
    except TimeoutError:
        print(f"{page}: over the limit of 500 ms? It has been {clock()} ms")
# ANCHOR_END: guess


# ANCHOR: whose
async def whose(page: str) -> None:
    try:
        async with asyncio.timeout(0.5) as limit:
            await fetch(page)
    except TimeoutError as error:
        why = "over the limit" if limit.expired() else f"failed: {error}"
        print(f"{page}: {why}")
# ANCHOR_END: whose


# ANCHOR: outer
async def outer() -> None:
    try:
        async with asyncio.timeout(0.1) as site:
            try:
                async with asyncio.timeout(0.5) as page:
                    await fetch("/slow")
            except TimeoutError:
                print("never printed: to the inner one it is a cancellation")
    except TimeoutError:
        print(f"outer: site {site.expired()}, page {page.expired()}")
# ANCHOR_END: outer


# ANCHOR: default
async def or_default(work, seconds: float, default: str) -> str:
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        return default
# ANCHOR_END: default


# ANCHOR: deadline
async def check(pages: list[str], deadline: float) -> list[str]:
    done = []
    for page in pages:
        # each asks for 40 ms and gets what is left; it has to be passed along
        until = min(asyncio.get_running_loop().time() + 0.04, deadline)
        try:
            async with asyncio.timeout_at(until):
                await fetch(page)
        except TimeoutError:
            done.append(f"{page} at {clock()} ms")
    return done
# ANCHOR_END: deadline


async def main() -> None:
    await guess("/far")
    await whose("/far")
    await whose("/slow")
    await outer()
    print(f"default: {await or_default(fetch('/slow'), 0.1, 'as it was last time')}")
    start = asyncio.get_running_loop().time()
    print(f"from {clock()} ms: {await check(['/', '/about', '/prices'], start + 0.1)}")


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
