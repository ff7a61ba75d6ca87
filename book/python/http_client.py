"""One client for many requests, and a download that goes on where it was cut; on loopback."""

import asyncio
import tempfile
from asyncio import StreamReader, StreamWriter
from pathlib import Path

FILE = b"0123456789" * 1000
connections = 0
serving: list[asyncio.Task] = []
ranges: list[int] = []


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    """Cuts the first download in the middle, and says so to nobody."""
    global connections
    connections += 1
    serving.append(asyncio.current_task())
    while head := (await until_blank(reader))[1]:
        start = int(head["range"].split("=")[1].rstrip("-")) if "range" in head else 0
        ranges.append(start)
        key = head.get("x-api-key", "none").encode()
        body = FILE[start:] if "accept" in head else b"200 with key " + key
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
        if "accept" in head and start == 0:
            writer.write(body[:4000])
            break
        writer.write(body)
    writer.close()
    await writer.wait_closed()


async def until_blank(reader: StreamReader) -> tuple[str, dict[str, str]]:
    lines = []
    while line := (await reader.readline()).decode().strip():
        lines.append(line)
    pairs = (line.lower().split(": ", 1) for line in lines[1:])
    return (lines or [""])[0], dict(pairs)


# ANCHOR: client
class Client:
    def __init__(self, host: str, port: int, key: str) -> None:
        self.address, self.key = (host, port), key
        self.idle: list[tuple[StreamReader, StreamWriter]] = []

    async def get(
        self, path: str, *headers: str, take=None, limit: float = 5
    ) -> bytes:
        async with asyncio.timeout(limit):
            if self.idle:
                reader, writer = self.idle.pop()
            else:
                reader, writer = await asyncio.open_connection(*self.address)
            try:
                first = f"GET {path} HTTP/1.1"
                lines = [first, f"x-api-key: {self.key}", *headers, "", ""]
                writer.write("\r\n".join(lines).encode())
                left = int((await until_blank(reader))[1]["content-length"])
                body = b""
                while left:
                    chunk = await reader.read(min(left, 1024))
                    if not chunk:
                        raise ConnectionError(f"{left} bytes are missing")
                    left -= len(chunk)
                    if take:
                        take(chunk)
                    else:
                        body += chunk
            except BaseException:
                writer.close()  # an answer may still come: not for the next one
                raise
            self.idle.append((reader, writer))
            return body

    async def close(self) -> None:
        for _, writer in self.idle:
            writer.close()
            await writer.wait_closed()
        self.idle.clear()
# ANCHOR_END: client


# ANCHOR: download
async def download(
    client: Client, path: str, target: Path, attempts: int = 3
) -> None:
    half = target.with_suffix(".half")
    with half.open("wb") as file:
        for attempt in range(1, attempts + 1):
            try:
                wanted = f"range: bytes={file.tell()}-"
                await client.get(path, "accept: file", wanted, take=file.write)
                break
            except ConnectionError as error:
                print(f"    attempt {attempt}: {error}")
                if attempt == attempts:
                    raise
    half.replace(target)  # whole, or not at all
# ANCHOR_END: download


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    async with server:
        for n in range(5):
            alone = Client(*address, key="k1")
            await alone.get(f"/{n}")
            await alone.close()
        before = connections
        print(f"a client for each of 5 requests: {before} connections")
        client = Client(*address, key="k2")
        for n in range(5):
            answer = await client.get(f"/{n}")
        print(f"one for all 5: {connections - before} connection; {answer.decode()}")
        ranges.clear()
        with tempfile.TemporaryDirectory() as folder:
            await download(client, "/file", Path(folder, "file"))
            print(f"asked from bytes {ranges}; whole: {Path(folder, 'file').read_bytes() == FILE}")
        await client.close()
    await asyncio.wait(serving)


asyncio.run(main())
