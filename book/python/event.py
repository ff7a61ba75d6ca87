"""Something has happened: the event of asyncio, why a pulse is missed, and one with a reason."""

import asyncio

heard: list[str] = []


# ANCHOR: many
async def waits(name: str, ready: asyncio.Event) -> None:
    await ready.wait()
    heard.append(name)


async def many() -> None:
    ready = asyncio.Event()
    names = [f"worker {n}" for n in range(3)]
    waiters = [asyncio.create_task(waits(name, ready)) for name in names]
    await asyncio.sleep(0)
    ready.set()
    await asyncio.gather(*waiters)
    await waits("late", ready)  # passes at once
    print(f"heard by {heard}")
# ANCHOR_END: many


# ANCHOR: pulse
async def pulse() -> None:
    changed = asyncio.Event()
    early = asyncio.create_task(changed.wait())
    await asyncio.sleep(0)
    changed.set()
    changed.clear()  # "for those who are here now"
    late = asyncio.create_task(changed.wait())
    done, waiting = await asyncio.wait([early, late], timeout=0.05)
    print(
        f"pulse: {len(done)} heard it, "
        f"{len(waiting)} was about to look and waits for ever"
    )
    late.cancel()
    await asyncio.wait([late])
# ANCHOR_END: pulse


# ANCHOR: looks_late
async def looks_late() -> None:
    open_for_work = asyncio.Event()
    waiter = asyncio.create_task(open_for_work.wait())
    await asyncio.sleep(0)
    open_for_work.set()
    open_for_work.clear()
    await waiter
    now = open_for_work.is_set()
    print(f"it waited until the event was set, and now it is {now}")
# ANCHOR_END: looks_late


# ANCHOR: reason
class Ending:
    """Happens once, with a reason; the first reason counts."""

    def __init__(self) -> None:
        self.future = asyncio.get_running_loop().create_future()

    def set(self, reason: str) -> bool:
        if self.future.done():
            return False
        self.future.set_result(reason)
        return True

    async def wait(self) -> str:
        # it is everybody's; cancelling one waiter must not cancel it
        return await asyncio.shield(self.future)
# ANCHOR_END: reason


async def with_a_reason() -> None:
    ending = Ending()
    waiters = [asyncio.create_task(ending.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.wait([waiters[0]])
    print(f"set: {ending.set('the disk is full')}; again: {ending.set('ctrl-c')}")
    print(f"they hear {await asyncio.gather(*waiters[1:])}, later ones {await ending.wait()!r}")


async def main() -> None:
    for part in [many, pulse, looks_late, with_a_reason]:
        await part()


asyncio.run(main())
