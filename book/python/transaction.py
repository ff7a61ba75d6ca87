"""All of a check's results or none: a transaction on sqlite3, cancelled in the middle."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing


# ANCHOR: careless
@asynccontextmanager
async def careless(store: sqlite3.Connection):
    store.execute("BEGIN")
    try:
        yield store
        store.execute("COMMIT")
    except Exception:  # a cancellation is none: the transaction stays open
        store.execute("ROLLBACK")
        raise
# ANCHOR_END: careless


# ANCHOR: transaction
@asynccontextmanager
async def transaction(store: sqlite3.Connection):
    store.execute("BEGIN IMMEDIATE")
    try:
        yield store
    except BaseException:
        store.execute("ROLLBACK")
        raise
    else:
        store.execute("COMMIT")
# ANCHOR_END: transaction


# ANCHOR: check
async def check(begin, store: sqlite3.Connection, pages: list[str]) -> None:
    async with begin(store):
        for page in pages:
            store.execute("INSERT INTO results VALUES (?)", [page])
            await asyncio.sleep(0)  # the next page is fetched
# ANCHOR_END: check


async def run(begin, pages: list[str], cancel: bool = False) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as store:
        store.execute("CREATE TABLE results (page TEXT CHECK (page <> '/gone'))")
        task = asyncio.create_task(check(begin, store, pages))
        if cancel:
            for _ in range(2):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            end = "cancelled"
        elif error := task.exception():
            end = type(error).__name__
        else:
            end = "ok"
        stored = [page for (page,) in store.execute("SELECT page FROM results")]
        print(f"{begin.__name__}: {end}; stored: {stored}, still open: {store.in_transaction}")


async def main() -> None:
    await run(careless, ["/", "/about", "/prices"], cancel=True)
    await run(transaction, ["/", "/about", "/prices"])
    await run(transaction, ["/", "/about", "/gone"])
    await run(transaction, ["/", "/about", "/prices"], cancel=True)


asyncio.run(main())
