"""Many results in few transactions: a bad row takes its batch along, no other, and is named."""

import asyncio
import sqlite3
from contextlib import closing
from itertools import islice

Row = tuple[str, int]


# ANCHOR: all_at_once
def all_at_once(store: sqlite3.Connection, rows: list[Row]) -> None:
    with store:  # one transaction
        store.executemany("INSERT INTO results VALUES (?, ?)", rows)
# ANCHOR_END: all_at_once


# ANCHOR: insert
def insert(store: sqlite3.Connection, batch: list[Row]) -> None:
    with store:
        for number, row in enumerate(batch):
            try:
                store.execute("INSERT INTO results VALUES (?, ?)", row)
            except sqlite3.Error as error:
                error.add_note(f"row {number} of its batch: {row}")
                raise
# ANCHOR_END: insert


# ANCHOR: batch_insert
async def batch_insert(
    store: sqlite3.Connection, rows: list[Row], most: int
) -> list[str]:
    failed, left = [], iter(rows)
    while batch := list(islice(left, most)):
        try:
            await asyncio.to_thread(insert, store, batch)
        except sqlite3.Error as error:
            failed.append(f"{error}: {error.__notes__[0]}")
    return failed
# ANCHOR_END: batch_insert


def new_store() -> sqlite3.Connection:
    store = sqlite3.connect(":memory:", check_same_thread=False)  # one thread at a time
    store.execute("CREATE TABLE results (page TEXT PRIMARY KEY, status INT CHECK (status < 600))")
    return store


def count(store: sqlite3.Connection) -> int:
    return store.execute("SELECT count(*) FROM results").fetchone()[0]


async def main() -> None:
    rows = [(f"/{n}", 200) for n in range(1000)]
    rows[250] = ("/250", 2000)
    rows[777] = ("/3", 200)
    with closing(new_store()) as store:
        try:
            all_at_once(store, rows)
        except sqlite3.Error as error:
            print(f"all at once: {count(store)} stored; {error}, but where?")
    with closing(new_store()) as store:
        commits = 0

        def counts(statement: str) -> None:
            nonlocal commits
            commits += statement == "COMMIT"

        store.set_trace_callback(counts)
        failed = await batch_insert(store, rows, most=100)
        store.set_trace_callback(None)
        print(f"in batches of 100: {count(store)} stored by {commits} transactions")
        for line in failed:
            print(f"    {line}")


asyncio.run(main())
