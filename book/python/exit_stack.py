"""Resources that are released whatever happens, the last first: contextlib's AsyncExitStack."""

import asyncio
from contextlib import AsyncExitStack

log: list[str] = []


# ANCHOR: managed
class Managed:
    def __init__(self, name: str) -> None:
        self.name = name

    async def __aenter__(self) -> "Managed":
        log.append(f"+{self.name}")
        return self

    async def __aexit__(self, *error) -> None:
        await asyncio.sleep(0)  # a cleanup may await
        log.append(f"-{self.name}")
        if self.name == "lock":
            raise OSError("the lock file is gone")
# ANCHOR_END: managed


# ANCHOR: by_hand
async def by_hand(work) -> None:
    stack = [Managed("store"), Managed("lock"), Managed("client")]
    for each in stack:
        await each.__aenter__()
    try:
        await work()
    finally:
        for each in reversed(stack):
            # The first that fails skips the others.
            await each.__aexit__(None, None, None)
# ANCHOR_END: by_hand


# ANCHOR: stack
async def stacked(work) -> None:
    async with AsyncExitStack() as stack:
        for name in ["store", "lock", "client"]:
            await stack.enter_async_context(Managed(name))
        await work()
# ANCHOR_END: stack


async def goes_well() -> None:
    pass


async def fails() -> None:
    raise LookupError("404")


async def waits() -> None:
    await asyncio.sleep(10)


async def run(check, work) -> None:
    task = asyncio.create_task(check(work))
    if work is waits:
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])
    end = "cancelled" if task.cancelled() else task.exception()
    print(f"{check.__name__}, {work.__name__}: {' '.join(log)}; {end!r}")
    if isinstance(end, BaseException) and (first := end.__context__):
        print(f"    on the way out of {first!r}")
    log.clear()


# ANCHOR: pop_all
async def handed_over() -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Managed("store"))
        await stack.enter_async_context(Managed("client"))
        # All could be opened: somebody else closes them.
        kept = stack.pop_all()
    print(f"after the block: {log}")
    await kept.aclose()
    print(f"after closing: {log}")
# ANCHOR_END: pop_all


async def main() -> None:
    await run(by_hand, goes_well)
    for work in [goes_well, fails, waits]:
        await run(stacked, work)
    await handed_over()


asyncio.run(main())
