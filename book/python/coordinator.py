"""Parts of a program that need each other: ready in order, stopped in reverse; on virtual time."""

import asyncio
import selectors
from graphlib import TopologicalSorter


# ANCHOR: part
class Part:
    def __init__(self, name: str, starts: float, stops: float) -> None:
        self.name, self.starts, self.stops = name, starts, stops
        self.ready = asyncio.Event()
        self.reason = "starting"

    async def start(self) -> None:
        await asyncio.sleep(self.starts)
        self.reason = ""
        self.ready.set()

    async def stop(self) -> str:
        await asyncio.sleep(self.stops)
        return "stopped"
# ANCHOR_END: part


# ANCHOR: coordinator
class Coordinator:
    def __init__(self, parts: list[Part], needs: dict[str, list[str]]) -> None:
        self.parts = {part.name: part for part in parts}
        self.needs = {name: needs.get(name, []) for name in self.parts}
        # It refuses cycles.
        self.order = list(TopologicalSorter(self.needs).static_order())
        self.phase = "starting"

    async def start(self) -> None:
        async def start(name: str) -> None:
            for needed in self.needs[name]:
                await self.parts[needed].ready.wait()
            await self.parts[name].start()

        async with asyncio.TaskGroup() as group:
            for name in self.order:
                group.create_task(start(name))
        self.phase = "ready"

    def missing(self) -> list[str]:
        parts = self.parts.values()
        return [f"{part.name}: {part.reason}" for part in parts if part.reason]

    async def stop(self, each: float) -> list[str]:
        """What is needed by nobody any more is stopped first."""
        self.phase, receipt = "draining", []
        for name in reversed(self.order):
            try:
                async with asyncio.timeout(each):
                    end = await self.parts[name].stop()
            except TimeoutError:
                end = "HANGS"
            except Exception as error:
                end = f"FAILED, {error}"
            receipt.append(f"{name}: {end} at {clock()} ms")
        self.phase = "stopped"
        return receipt
# ANCHOR_END: coordinator


async def main() -> None:
    parts = [Part("workers", 0.02, 0.05), Part("store", 0.2, 0.01), Part("mail", 0.05, 60)]
    program = Coordinator(parts, {"workers": ["store"], "mail": ["store"]})
    starting = asyncio.create_task(program.start())
    for at in [0.1, 0.12, 0.1]:
        await asyncio.sleep(at)
        print(f"{clock()} ms: {program.phase}; missing: {program.missing()}")
    await starting
    print(f"{clock()} ms: {program.phase}")
    for line in await program.stop(each=0.5):
        print(f"    {line}")
    try:
        Coordinator(parts, {"store": ["mail"], "mail": ["store"]})
    except ValueError as error:
        print(f"refused: {error.args[0]}: {sorted(set(error.args[1]))}")


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
