"""A message that breaks whoever handles it: restarts, and how many; on virtual time."""

import asyncio
import selectors
from collections import deque

Mail = tuple[str, asyncio.Future]
dead_letters: list[str] = []


class Store:
    """Has a state that a failure may leave in disorder."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    async def handle(self, page: str) -> str:
        self.pages.append(page)
        if page == "/poison":
            raise ZeroDivisionError("no links at all")
        return f"{page} is number {len(self.pages)}"


# ANCHOR: careless
async def careless(mail: asyncio.Queue[Mail]) -> None:
    store = Store()
    while True:
        page, answer = await mail.get()
        # One error, and nobody reads the mail any more.
        answer.set_result(await store.handle(page))
# ANCHOR_END: careless


# ANCHOR: supervised
async def supervised(
    mail: asyncio.Queue[Mail], restarts: int = 3, within: float = 60
) -> None:
    recent: deque[float] = deque()
    pause, retried, crashes = 0.1, None, 0
    while True:
        store = Store()  # what the last one left behind is not used again
        try:
            while True:
                page, answer = retried or await mail.get()
                answer.set_result(await store.handle(page))
                pause, retried, crashes = 0.1, None, 0
        except Exception as error:
            print(f"    {clock()} ms: {page} failed")
            now = asyncio.get_running_loop().time()
            recent.append(now)
            while recent[0] <= now - within:
                recent.popleft()
            retried, crashes = (page, answer), crashes + 1
            if crashes == 3 or len(recent) > restarts:
                dead_letters.append(f"{page}: {error!r}, crashes: {crashes}")
                answer.set_exception(error)
                retried, crashes = None, 0
            if len(recent) > restarts:
                # Somebody above decides.
                raise RuntimeError("failed too often") from error
            await asyncio.sleep(pause)
            pause *= 2
# ANCHOR_END: supervised


async def scene(actor, pages: list[str]) -> None:
    print(f"{actor.__name__}:")
    mail: asyncio.Queue[Mail] = asyncio.Queue()
    task = asyncio.create_task(actor(mail))
    answers = [asyncio.get_running_loop().create_future() for _ in pages]
    for each in zip(pages, answers):
        mail.put_nowait(each)
    await asyncio.wait([task, *answers], timeout=100)
    for page, answer in zip(pages, answers):
        if answer.done():
            print(f"    {page}: {answer.exception() or answer.result()}")
        else:
            print(f"    {page}: no answer")
    ended = task.done()
    task.cancel()
    (end,) = await asyncio.gather(task, return_exceptions=True)
    print(f"    {f'ended with {end!r}' if ended else 'still there'}; {mail.qsize()} in the queue")


async def main() -> None:
    await scene(careless, ["/", "/poison", "/about"])
    await scene(supervised, ["/", "/poison", "/about"])
    await scene(supervised, ["/poison", "/", "/poison", "/about"])
    print("dead letters:", *dead_letters, sep="\n    ")


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
