"""A large page through three stages, chunk by chunk, and all of the output or none."""

import asyncio
import codecs
import tempfile
from asyncio import Queue
from collections.abc import Callable
from pathlib import Path

CHUNK = 1000


# ANCHOR: careless
def careless() -> Callable[[bytes], str]:
    # a character may be cut in two
    return lambda chunk: chunk.decode(errors="replace")
# ANCHOR_END: careless


# ANCHOR: decoder
def careful() -> Callable[[bytes], str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    # keeps a cut character back; an empty chunk says that no more comes
    return lambda chunk: decoder.decode(chunk, final=not chunk)
# ANCHOR_END: decoder


# ANCHOR: stages
async def read(source: Path, chunks: Queue[bytes]) -> None:
    global most
    with source.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            await chunks.put(chunk)  # waits while the next stage is behind
            most = max(most, chunks.qsize())
    await chunks.put(b"")


async def decode(
    chunks: Queue[bytes], texts: Queue[str | None], decoder
) -> None:
    chunk = None
    while chunk != b"":
        chunk = await chunks.get()
        await texts.put(decoder(chunk).upper())
    await texts.put(None)


async def write(texts: Queue[str | None], half: Path) -> None:
    with half.open("w", encoding="utf-8") as file:
        while (text := await texts.get()) is not None:
            await asyncio.to_thread(file.write, text)
            written.set()
# ANCHOR_END: stages


# ANCHOR: pipeline
async def pipeline(source: Path, target: Path, decoder) -> None:
    half = target.with_suffix(".half")
    chunks: Queue[bytes] = Queue(2)
    texts: Queue[str | None] = Queue(2)
    try:
        async with asyncio.TaskGroup() as stages:
            stages.create_task(read(source, chunks))
            stages.create_task(decode(chunks, texts, decoder()))
            stages.create_task(write(texts, half))
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
# ANCHOR_END: pipeline

most = 0
written = asyncio.Event()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def main(folder: Path) -> None:
    source, target = folder / "page.txt", folder / "upper.txt"
    text = "ein müder käfer, € 3, 🦀 und ein link\n" * 2000
    source.write_text(text, encoding="utf-8")
    for decoder in [careless, careful]:
        await pipeline(source, target, decoder)
        got = target.read_text(encoding="utf-8")
        broken = got.count("\N{REPLACEMENT CHARACTER}")
        print(f"{decoder.__name__}: {broken} times broken; as it should be: {got == text.upper()}")
    print(f"{source.stat().st_size} bytes, never more than 2 chunks waited: {most <= 2}")

    target.unlink()
    written.clear()
    task = asyncio.create_task(pipeline(source, target, careful))
    await written.wait()
    task.cancel()
    await asyncio.wait([task])
    print(f"cancelled: {task.cancelled()}; left: {names(folder)}")

    source.write_bytes(b"fine so far " * 500 + b"\xff")
    try:
        await pipeline(source, target, careful)
    except* UnicodeDecodeError as errors:
        print(f"failed: {errors.exceptions[0].reason}; left: {names(folder)}")


with tempfile.TemporaryDirectory() as name:
    asyncio.run(main(Path(name)))
