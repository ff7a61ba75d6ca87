"""Cancellation in asyncio: an exception, raised where the task awaits."""

import asyncio


# ANCHOR: upload
async def upload() -> None:
    print("makes a temporary file")
    try:
        # receives what is uploaded
        await asyncio.sleep(5)
    finally:
        # asks the store to remove the file
        await asyncio.sleep(0.02)
        print("has removed the file")
# ANCHOR_END: upload


# ANCHOR: cancel
async def cancel() -> None:
    task = asyncio.create_task(upload())
    await asyncio.sleep(0.02)
    task.cancel("the user closed the page")
    try:
        await task
    except asyncio.CancelledError as error:
        print(f"cancelled: {error}")
# ANCHOR_END: cancel


# ANCHOR: timeout
async def time_out() -> None:
    try:
        async with asyncio.timeout(0.02):
            await upload()
    except TimeoutError:
        print("timed out")
# ANCHOR_END: timeout


# ANCHOR: swallow
async def swallows() -> None:
    while True:
        try:
            await asyncio.sleep(5)
        except BaseException:
            print("goes on as if nothing had been said")
            return
# ANCHOR_END: swallow


async def main() -> None:
    await cancel()
    await time_out()
    task = asyncio.create_task(swallows())
    await asyncio.sleep(0)
    task.cancel()
    await task
    print(f"it says that it was cancelled: {task.cancelled()}")


asyncio.run(main())
