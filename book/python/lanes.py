"""What is urgent goes first, and what isn't is not forgotten: a mailbox with lanes."""

import asyncio
from collections import Counter, deque

LANES = CONTROL, INTERACTIVE, BATCH = "control", "interactive", "batch"


# ANCHOR: priority_queue
class ByPriority:
    def __init__(self) -> None:
        self.queue: asyncio.PriorityQueue = asyncio.PriorityQueue()
        self.came = 0

    async def put(self, lane: str, page: str) -> None:
        self.came += 1  # or equals would not stay in order
        await self.queue.put((LANES.index(lane), self.came, lane, page))

    async def get(self) -> tuple[str, str]:
        return (await self.queue.get())[2:]
# ANCHOR_END: priority_queue


# ANCHOR: lanes
class Lanes:
    IN_A_ROW = 8

    def __init__(self, bound: int) -> None:
        self.lanes = {lane: deque() for lane in LANES}
        self.bound, self.in_a_row = bound, 0
        self.changed = asyncio.Condition()

    async def put(self, lane: str, page: str) -> None:
        async with self.changed:  # each lane has room of its own
            full = self.bound
            await self.changed.wait_for(lambda: len(self.lanes[lane]) < full)
            self.lanes[lane].append(page)
            self.changed.notify_all()

    async def get(self) -> tuple[str, str]:
        async with self.changed:
            await self.changed.wait_for(lambda: any(self.lanes.values()))
            lane = self.next_lane()
            self.changed.notify_all()
            return lane, self.lanes[lane].popleft()

    def next_lane(self) -> str:
        if self.lanes[CONTROL]:
            return CONTROL
        had_enough = self.in_a_row >= self.IN_A_ROW
        if self.lanes[BATCH] and (had_enough or not self.lanes[INTERACTIVE]):
            self.in_a_row = 0
            return BATCH
        self.in_a_row += 1
        return INTERACTIVE
# ANCHOR_END: lanes


# ANCHOR: scene
async def keeps_full(mailbox, lane: str) -> None:
    while True:
        await mailbox.put(lane, "/")
        await asyncio.sleep(0)


async def scene(mailbox) -> None:
    for lane in [BATCH, INTERACTIVE] * 4:
        await mailbox.put(lane, "/")
    floods = [INTERACTIVE, INTERACTIVE, BATCH]
    senders = [keeps_full(mailbox, lane) for lane in floods]
    busy = [asyncio.create_task(sender) for sender in senders]
    handled: Counter[str] = Counter()
    for _ in range(90):
        await asyncio.sleep(0)
        handled[(await mailbox.get())[0]] += 1
    await mailbox.put(CONTROL, "stop")
    lane, page = await mailbox.get()
    counts = dict(sorted(handled.items()))
    print(f"{type(mailbox).__name__}: {counts}, then {lane}: {page}")
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
# ANCHOR_END: scene


async def main() -> None:
    await scene(ByPriority())
    await scene(Lanes(bound=16))


asyncio.run(main())
