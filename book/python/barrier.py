"""All have fetched before anybody compares: the barrier of asyncio."""

import asyncio

lines: list[str] = []


# ANCHOR: no_barrier
async def straight_on(site: str, pages: int, fetched: dict[str, int]) -> None:
    fetched[site] = await fetch(pages)
    lines.append(f"{site} compares with {sorted(fetched)}")
# ANCHOR_END: no_barrier


# ANCHOR: barrier
async def together(
    site: str, pages: int, fetched: dict, all_here: asyncio.Barrier
) -> None:
    for round in [1, 2]:
        fetched[site] = await fetch(pages)
        place = await all_here.wait()
        if place == 0:  # exactly one of them
            lines.append(f"round {round}: compares {sorted(fetched)}")
            fetched.clear()
        await all_here.wait()  # no next round before that is done
# ANCHOR_END: barrier


async def fetch(pages: int) -> int:
    for _ in range(pages):
        await asyncio.sleep(0)
    return pages


# ANCHOR: cancelled
async def one_leaves() -> None:
    all_here = asyncio.Barrier(2)
    leaves = asyncio.create_task(all_here.wait())
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.wait([leaves])
    # its place is free again: the barrier waits for two others
    first = asyncio.create_task(all_here.wait())
    await asyncio.sleep(0)
    here = f"{all_here.n_waiting} of {all_here.parties}"
    print(f"one left, one came: {here} are here, broken: {all_here.broken}")
    print(f"places: {sorted([await all_here.wait(), await first])}")
# ANCHOR_END: cancelled


# ANCHOR: abort
async def one_dies() -> None:
    all_here = asyncio.Barrier(3)

    async def dies() -> None:
        try:
            raise OSError("no route to the host")
        except OSError:
            await all_here.abort()  # or the others wait for ever
            raise

    others = [all_here.wait() for _ in range(2)]
    ends = await asyncio.gather(*others, dies(), return_exceptions=True)
    print(f"one died: {[type(end).__name__ for end in ends]}")
# ANCHOR_END: abort


async def main() -> None:
    sites = {"blog": 1, "docs": 9, "shop": 4}
    fetched: dict[str, int] = {}
    await asyncio.gather(*(straight_on(*site, fetched) for site in sites.items()))
    print(*lines, sep="\n")
    lines.clear()
    fetched.clear()
    all_here = asyncio.Barrier(len(sites))
    await asyncio.gather(*(together(*site, fetched, all_here) for site in sites.items()))
    print(*lines, sep="\n")
    await one_leaves()
    await one_dies()


asyncio.run(main())
