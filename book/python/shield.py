"""A commit that its caller can't cut, with the shield of asyncio, on virtual time."""

import asyncio
import selectors

COMMIT = 0.1
store: list[str] = []


# ANCHOR: commit
async def commit(run: str) -> None:
    store.append(f"{run} begun")
    await asyncio.sleep(COMMIT)
    store.append(f"{run} committed")
# ANCHOR_END: commit


# ANCHOR: bare
async def bare() -> None:
    try:
        async with asyncio.timeout(0.05):
            await commit("bare")
    except TimeoutError:
        pass
# ANCHOR_END: bare


# ANCHOR: shielded
async def shielded() -> None:
    try:
        async with asyncio.timeout(0.05):
            await asyncio.shield(commit("shielded"))
    except TimeoutError:
        pass  # the caller is free, the commit goes on: but who waits for it?
# ANCHOR_END: shielded


# ANCHOR: tracked
commits: set[asyncio.Task] = set()


async def tracked(run: str) -> None:
    inner = asyncio.create_task(commit(run))
    commits.add(inner)
    inner.add_done_callback(commits.discard)
    await asyncio.shield(inner)


async def waits_for_commits(main) -> None:
    try:
        await main
    finally:
        while commits:
            await asyncio.wait(commits)
# ANCHOR_END: tracked


async def timed_out() -> None:
    try:
        async with asyncio.timeout(0.05):
            await tracked("tracked")
    except TimeoutError:
        pass


async def aborted() -> None:
    caller = asyncio.create_task(tracked("aborted"))
    await asyncio.sleep(0.05)
    caller.cancel()
    await asyncio.wait([caller])
    print(f"    the caller was cancelled: {caller.cancelled()}")


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


for main in [bare(), shielded(), waits_for_commits(timed_out()), waits_for_commits(aborted())]:
    with asyncio.Runner(loop_factory=virtual_time) as runner:
        runner.run(main)
    print(store)
    store.clear()
