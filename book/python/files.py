"""Hundreds of files beside the loop, a few at a time, and a report that is never half there."""

import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

inside = most = 0


# ANCHOR: careless
async def careless(path: Path, report: list[str]) -> None:
    with path.open("w") as file:  # from here on the old report is gone
        for line in report:
            file.write(line + "\n")
            await asyncio.sleep(0)
# ANCHOR_END: careless


# ANCHOR: atomic
async def atomic(path: Path, report: list[str]) -> None:
    half = path.with_suffix(".half")
    try:
        with half.open("w") as file:
            for line in report:
                file.write(line + "\n")
                await asyncio.sleep(0)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
# ANCHOR_END: atomic


# ANCHOR: many
async def read_all(paths: list[Path], at_once: int) -> list[str]:
    texts: dict[Path, str] = {}
    left = iter(paths)

    async def reader() -> None:
        global inside, most
        for path in left:  # all readers take from the same iterator
            inside += 1
            most = max(most, inside)
            texts[path] = await asyncio.to_thread(path.read_text)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(reader())
    return [texts[path] for path in paths]
# ANCHOR_END: many


# ANCHOR: lines
async def lines(path: Path, at_once: int = 100):
    with path.open() as file:
        while some := await asyncio.to_thread(
            lambda: list(islice(file, at_once))
        ):
            for line in some:
                yield line.rstrip("\n")
# ANCHOR_END: lines


async def interrupted(write, path: Path) -> str:
    path.write_text("yesterday's\n")
    task = asyncio.create_task(write(path, [f"/{n}: 200" for n in range(1000)]))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    left = sorted(each.name for each in path.parent.iterdir())
    return f"{path.read_text().splitlines()}, files: {left}"


def make(folder: Path) -> Path:
    folder.mkdir()
    for n in range(400):
        (folder / f"{n}.html").write_text(f"page {n}")
    return folder


async def main(folder: Path, pages: Path) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
    report = folder / "report.txt"
    print(f"careless: {await interrupted(careless, report)}")
    print(f"atomic: {await interrupted(atomic, report)}")
    await atomic(report, [f"/{n}: 200" for n in range(1000)])
    read = [line async for line in lines(report)]
    print(f"a whole one: {len(read)} lines, from {read[0]!r} to {read[-1]!r}")

    paths = [pages / f"{n}.html" for n in range(400)]
    texts = await read_all(paths, at_once=16)
    in_order = texts == [f"page {n}" for n in range(400)]
    print(f"{len(texts)} files in order: {in_order}, at most {most} at once")


with tempfile.TemporaryDirectory() as name:
    reports = Path(name, "reports")
    reports.mkdir()
    asyncio.run(main(reports, make(Path(name, "pages"))))
