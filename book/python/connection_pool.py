"""A few connections for many tasks: a pool on sqlite3 that gives out none that is not clean."""

import asyncio
import sqlite3
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")  # waits for no disk: nobody needs this file
    return connection


# ANCHOR: careless
class Careless:
    def __init__(self, path: Path, size: int) -> None:
        self.idle: asyncio.Queue[sqlite3.Connection] = asyncio.Queue()
        for _ in range(size):
            self.idle.put_nowait(connect(path))

    @asynccontextmanager
    async def connection(self):
        connection = await self.idle.get()
        try:
            yield connection
        finally:
            # As it is: perhaps in a transaction.
            self.idle.put_nowait(connection)
# ANCHOR_END: careless

    async def close(self) -> None:
        while not self.idle.empty():
            self.idle.get_nowait().close()


# ANCHOR: pool
class ConnectionPool:
    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size, self.room = size, asyncio.Semaphore(size)
        self.idle: list[sqlite3.Connection] = []
        self.open = self.most = self.made = 0

    @asynccontextmanager
    async def connection(self, wait: float = 5):
        async with asyncio.timeout(wait):
            await self.room.acquire()
        try:
            # The latest first.
            connection = self.idle.pop() if self.idle else self.dial()
            try:
                yield connection
            finally:
                self.recycle(connection)
        finally:
            self.room.release()  # only now: it is idle or closed

    def dial(self) -> sqlite3.Connection:
        connection = connect(self.path)
        self.made, self.open = self.made + 1, self.open + 1
        self.most = max(self.most, self.open)
        return connection

    def recycle(self, connection: sqlite3.Connection) -> None:
        try:
            connection.rollback()
            connection.execute("SELECT 1")
            self.idle.append(connection)
        except sqlite3.Error:
            connection.close()
            self.open -= 1

    async def close(self) -> None:
        for _ in range(self.size):
            await self.room.acquire()  # waits for those who hold one
        while self.idle:
            self.idle.pop().close()
            self.open -= 1
# ANCHOR_END: pool


async def store(pool, page: str) -> None:
    async with pool.connection() as connection:
        connection.execute("INSERT INTO results VALUES (?)", [page])
        if page == "/gone":
            raise LookupError("404")
        connection.commit()
        await asyncio.sleep(0)
        if page == "/broken":
            connection.close()


async def stored(pool) -> list[str]:
    async with pool.connection() as connection:
        return [page for (page,) in connection.execute("SELECT page FROM results")]


async def run(pool) -> None:
    async with pool.connection() as connection:
        connection.execute("CREATE TABLE results (page TEXT)")
    for page in ["/", "/gone", "/about"]:
        await asyncio.gather(store(pool, page), return_exceptions=True)
    print(f"{type(pool).__name__}: {await stored(pool)}")
    await pool.close()


async def many(pool: ConnectionPool) -> None:
    await asyncio.gather(*(store(pool, page) for page in ["/broken", *("/x",) * 6]))
    print(f"7 more by 7 tasks: {len(await stored(pool))} rows, at most {pool.most} open")
    print(f"{pool.made} were made, {pool.open} are open: one was broken")
    async with pool.connection(), pool.connection():
        try:
            async with pool.connection(wait=0.01):
                pass
        except TimeoutError:
            print("nothing to be had in time")
    await pool.close()
    print(f"open in the end: {pool.open}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await run(Careless(Path(folder, "careless.db"), size=1))
        path = Path(folder, "results.db")
        await run(ConnectionPool(path, size=1))
        await many(ConnectionPool(path, size=2))


asyncio.run(main())
