"""Jobs in a table: ids, signs of life, fences, and ends that come with their rows; on virtual time."""

import asyncio
import selectors
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, contextmanager

Run = Callable[[str, int], Awaitable[list[str]]]
LEASE = 1.5


# ANCHOR: careless
async def careless(store: "Store", run: Run) -> None:
    waiting = "SELECT id FROM job WHERE state = 'waiting' ORDER BY seq LIMIT 1"
    mark = "UPDATE job SET state = ? WHERE id = ?"
    while row := store.db.execute(waiting).fetchone():
        await asyncio.sleep(0)  # it looks up where the page is
        store.db.execute(mark, ["running", *row])
        await run(*row, 1)
        store.db.execute(mark, ["done", *row])
# ANCHOR_END: careless


SCHEMA = """
CREATE TABLE job (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE, key TEXT, due REAL,
    state TEXT DEFAULT 'waiting', owner TEXT, error TEXT,
    fence INTEGER DEFAULT 0, attempt INTEGER DEFAULT 0
);
CREATE TABLE owner (name TEXT PRIMARY KEY, beat INTEGER DEFAULT 0);
CREATE TABLE result (page TEXT);
"""

TAKE = """
UPDATE job SET state = 'running', owner = ?, fence = fence + 1, attempt = attempt + 1
WHERE seq = (
    SELECT seq FROM job AS own WHERE state = 'waiting' AND due <= ? AND NOT EXISTS (
        SELECT 1 FROM job WHERE key = own.key AND seq < own.seq
        AND state IN ('waiting', 'running')
    ) ORDER BY due, seq LIMIT 1
) RETURNING id, fence, attempt
"""

ANSWER = """
UPDATE job SET state = ?, error = ?, due = ?, owner = NULL
WHERE id = ? AND fence = ? AND state = 'running'
"""

BACK = "UPDATE job SET state = 'waiting' WHERE owner = ? AND state = 'running'"


# ANCHOR: store
class Store:
    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(SCHEMA)

    def put(self, id: str, key: str | None = None) -> bool:
        # Once for each id, whatever became of it.
        insert = "INSERT OR IGNORE INTO job (id, key, due) VALUES (?, ?, ?)"
        return self.db.execute(insert, [id, key, now()]).rowcount == 1

    def take(self, owner: str) -> tuple[str, int, int] | None:
        return self.db.execute(TAKE, [owner, now()]).fetchone()

    def answer(
        self, id: str, fence: int, state: str, error=None, due=0.0, rows=()
    ) -> bool:
        with self.transaction():
            end = [state, error, due, id, fence]
            counts = self.db.execute(ANSWER, end).rowcount == 1
            if counts:  # its rows are there if and only if its end is
                insert = "INSERT INTO result VALUES (?)"
                self.db.executemany(insert, [[row] for row in rows])
        return counts

    def beat(self, owner: str) -> dict[str, int] | None:
        sign = "UPDATE owner SET beat = beat + 1 WHERE name = ?"
        if self.db.execute(sign, [owner]).rowcount == 0:
            return None  # it was given up
        others = "SELECT name, beat FROM owner WHERE name <> ?"
        return dict(self.db.execute(others, [owner]))

    def evict(self, owner: str, beat: int) -> None:
        with self.transaction():
            gone = "DELETE FROM owner WHERE name = ? AND beat = ?"
            if self.db.execute(gone, [owner, beat]).rowcount:
                self.db.execute(BACK, [owner])
# ANCHOR_END: store

    @contextmanager
    def transaction(self):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def retry(self, id: str) -> None:
        again = "UPDATE job SET state = 'waiting', attempt = 0, due = ? WHERE id = ? AND state = 'dead'"
        self.db.execute(again, [now(), id])

    def column(self, query: str) -> list:
        return [value for (value,) in self.db.execute(query)]


# ANCHOR: worker
class Worker:
    def __init__(self, name: str, store: Store, run: Run) -> None:
        self.name, self.store, self.run = name, store, run
        store.db.execute("INSERT INTO owner (name) VALUES (?)", [name])
        self.tasks = [
            asyncio.create_task(self.work()),
            asyncio.create_task(self.give_signs()),
        ]

    async def work(self) -> None:
        while True:
            if job := self.store.take(self.name):
                await self.deliver(*job)
            else:
                await asyncio.sleep(0.05)  # nobody tells it of new ones

    async def deliver(self, id: str, fence: int, attempt: int) -> None:
        try:
            rows = await self.run(id, attempt)
        except ConnectionError as error:
            state = "waiting" if attempt < 3 else "dead"
            due = now() + 0.1 * 2**attempt
            self.store.answer(id, fence, state, str(error), due)
        except Exception as error:  # no use to try again
            self.store.answer(id, fence, "dead", str(error))
        else:
            self.store.answer(id, fence, "done", rows=rows)

    async def give_signs(self) -> None:
        # Since when others were silent, on a clock of its own.
        seen: dict[str, tuple[int, float]] = {}
        while (others := self.store.beat(self.name)) is not None:
            for other, beat in others.items():
                last, since = seen.get(other, (None, 0))
                if last != beat:
                    seen[other] = (beat, now())
                elif now() - since >= LEASE:
                    self.store.evict(other, beat)
            await asyncio.sleep(LEASE / 3)

    def kill(self) -> None:
        for task in self.tasks:
            task.cancel()  # nothing here catches that: no answer, no farewell
# ANCHOR_END: worker


requests: list[str] = []
mended = False


async def fetch(page: str, attempt: int) -> list[str]:
    requests.append(page)
    await asyncio.sleep(60 if page == "/slow" and attempt == 1 else 0.05)
    if page == "/flaky" and attempt < 3:
        raise ConnectionError("503")
    if page == "/gone" and not mended:
        raise LookupError("404")
    return [page]


async def first_attempt() -> None:
    store = Store()
    with closing(store.db):
        for page in ["/", "/about", "/slow"]:
            store.put(page)
        workers = asyncio.gather(careless(store, fetch), careless(store, fetch))
        try:
            await asyncio.wait_for(workers, 1)
        except TimeoutError:
            pass
        print(f"careless: {requests}")
        await careless(store, fetch)
        print(f"after a power cut: {store.column('SELECT state FROM job')}")


async def idle(store: Store) -> None:
    while store.column("SELECT 1 FROM job WHERE state IN ('waiting', 'running')"):
        await asyncio.sleep(0.01)


async def main() -> None:
    global mended
    await first_attempt()
    requests.clear()
    store = Store()
    with closing(store.db):
        first = Worker("a", store, fetch)
        for page in ["/", "/flaky", "/gone"]:
            store.put(page)
        print(f"put again: {store.put('/')}")
        await idle(store)
        ends = store.db.execute("SELECT id, state, attempt, error FROM job").fetchall()
        print(*ends, sep="\n")
        mended = True
        store.retry("/gone")
        await idle(store)
        print(f"put back: {store.column('SELECT state FROM job')}")

        store.put("/slow", key="slow")
        store.put("/behind", key="slow")
        await asyncio.sleep(0.2)
        first.kill()
        second, start = Worker("b", store, fetch), now()
        await idle(store)
        print(f"rescued within a lease and a third: {LEASE <= now() - start <= LEASE * 4 / 3 + 0.2}")
        print(f"fetched: {requests[-3:]}")
        # The dead wakes, and would answer: its fence is that of its own delivery.
        print(f"a late answer counts: {store.answer('/slow', 1, 'done', rows=['/slow'])}")
        print(f"rows: {store.column('SELECT page FROM result')}")
        second.kill()


def now() -> float:
    return asyncio.get_running_loop().time()


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
