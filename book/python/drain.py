"""A report that a slow reader downloads, over the streams of asyncio."""

import asyncio

PART = b"x" * 64 * 1024
PARTS = 512  # 32 MB: more than any socket takes at once


# ANCHOR: no_drain
async def pours(writer: asyncio.StreamWriter) -> int:
    most = 0
    for _ in range(PARTS):
        writer.write(PART)  # never waits: what doesn't fit is kept in memory
        most = max(most, writer.transport.get_write_buffer_size())
    return most
# ANCHOR_END: no_drain


# ANCHOR: drain
async def drains(writer: asyncio.StreamWriter) -> int:
    most = 0
    for _ in range(PARTS):
        writer.write(PART)
        most = max(most, writer.transport.get_write_buffer_size())
        await writer.drain()
    return most
# ANCHOR_END: drain


# ANCHOR: reset
async def to_one_who_leaves(writer: asyncio.StreamWriter) -> str:
    try:
        while True:
            writer.write(PART)
            await writer.drain()
    except ConnectionError as error:  # reset, aborted or a broken pipe
        return f"ConnectionError: {isinstance(error, ConnectionError)}"
# ANCHOR_END: reset


async def serve(write, read) -> object:
    """What `write` returns on the server's side of a connection whose other side does `read`."""
    wrote = asyncio.get_running_loop().create_future()
    closed = asyncio.Event()

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            wrote.set_result(await write(writer))
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                pass
            closed.set()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await read(reader, writer)
            await closed.wait()
            return await wrote
        finally:
            writer.close()
            await writer.wait_closed()


async def slow(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    got = 0
    while chunk := await reader.read(256 * 1024):
        got += len(chunk)
        await asyncio.sleep(0)
    assert got == PARTS * len(PART), got


async def leaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.transport.abort()


async def main() -> None:
    most = await serve(pours, slow)
    print(f"without drain: more than 16 MB in the buffer: {most > 16 * 2**20}")
    most = await serve(drains, slow)
    print(f"with drain: at most the limit and a part: {most <= 64 * 1024 + len(PART)}")
    print(f"the reader leaves: {await serve(to_one_who_leaves, leaves)}")


asyncio.run(main())
