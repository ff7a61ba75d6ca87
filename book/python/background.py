"""Reports that are sent while the check goes on, and a loop that ends when it is told to."""

import asyncio

sent: list[str] = []


async def send(report: str) -> None:
    await asyncio.sleep(0.01)
    if report == "/gone":
        raise ConnectionError("the mail server said no")
    sent.append(report)


# ANCHOR: forgets
async def forgets() -> None:
    for page in ["/", "/gone", "/about"]:
        asyncio.create_task(send(page))
    print("the check is done")  # and with it the loop, and the reports
# ANCHOR_END: forgets


# ANCHOR: background
class Background:
    def __init__(self, limit: int) -> None:
        self.tasks: set[asyncio.Task] = set()  # the loop's own are weak
        self.room = asyncio.Semaphore(limit)
        self.errors: list[str] = []

    async def spawn(self, work, name: str) -> None:
        try:
            await self.room.acquire()
        except asyncio.CancelledError:
            work.close()
            raise
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.ended)

    def ended(self, task: asyncio.Task) -> None:
        self.tasks.discard(task)
        self.room.release()
        if not task.cancelled() and (error := task.exception()):
            self.errors.append(f"{task.get_name()}: {error}")

    async def drain(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks)
# ANCHOR_END: background


# ANCHOR: remembers
async def remembers() -> None:
    background = Background(limit=8)
    for page in ["/", "/gone", "/about"]:
        await background.spawn(send(page), name=f"report of {page}")
    on_their_way = len(background.tasks)
    print(f"the check is done, {on_their_way} reports are on their way")
    await background.drain()
    print(f"errors: {background.errors}")
# ANCHOR_END: remembers


# ANCHOR: loop
async def look_every(seconds: float, looks: asyncio.Event) -> None:
    try:
        while True:
            await asyncio.sleep(seconds)
            looks.set()
    finally:
        print("the loop has closed its log")


async def a_loop() -> None:
    looked = asyncio.Event()
    task = asyncio.create_task(look_every(0.001, looked))
    await looked.wait()
    task.cancel()
    await asyncio.wait([task])
    print(f"it says that it was cancelled: {task.cancelled()}")
# ANCHOR_END: loop


asyncio.run(forgets())
print(f"sent: {sent}")
asyncio.run(remembers())
print(f"sent: {sent}")
asyncio.run(a_loop())
