"""What a task is about, and until when, without passing it along: contextvars, on virtual time."""

import asyncio
import selectors
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context

# ANCHOR: vars
path: ContextVar[str] = ContextVar("path", default="sitewatch")
deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
# ANCHOR_END: vars


# ANCHOR: global
current = ""


async def check_global(host: str) -> str:
    global current
    current = host
    await asyncio.sleep(0.01)
    return f"{host} believes that it is {current}"
# ANCHOR_END: global


# ANCHOR: inherit
async def check(host: str) -> str:
    path.set(f"{path.get()}/{host}")  # in the copy that this task has
    await asyncio.sleep(0.01)
    return await asyncio.create_task(fetch())


async def fetch() -> str:
    return f"{path.get()}/fetch"
# ANCHOR_END: inherit


# ANCHOR: deadline
@asynccontextmanager
async def limit(seconds: float):
    now = asyncio.get_running_loop().time()
    # Only ever shorter.
    token = deadline.set(min(deadline.get(), now + seconds))
    try:
        async with asyncio.timeout_at(deadline.get()):
            yield
    finally:
        deadline.reset(token)


def remaining() -> float:
    return deadline.get() - asyncio.get_running_loop().time()
# ANCHOR_END: deadline


async def nested() -> None:
    async with limit(3):
        await asyncio.sleep(1)
        async with limit(10):
            child = await asyncio.create_task(left())
            print(f"asked for 10 s, has {remaining():.0f}; a child: {child}")
        async with limit(0.5):
            print(f"asked for 0.5 s, has {remaining()}")
        print(f"after that: {remaining():.0f}")
    print(f"outside: {remaining()}")


async def left() -> str:
    return f"{remaining():.0f}"


# ANCHOR: threads
async def threads() -> None:
    path.set("sitewatch/parse")
    loop = asyncio.get_running_loop()
    print(f"to_thread: {await asyncio.to_thread(path.get)}")
    print(f"run_in_executor: {await loop.run_in_executor(None, path.get)}")
    copied = loop.run_in_executor(None, copy_context().run, path.get)
    print(f"with a copy: {await copied}")
# ANCHOR_END: threads


async def main() -> None:
    for how in [check_global, check]:
        print(await asyncio.gather(how("blog"), how("shop")))
    print(f"here it is still {path.get()!r}")
    await nested()


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
asyncio.run(threads())
