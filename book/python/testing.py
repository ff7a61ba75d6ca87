"""Testing async code: an hour in a moment, calls that are counted, and what stays pending."""

import asyncio
import selectors
import unittest
from unittest.mock import AsyncMock, call


# ANCHOR: check
async def check_hourly(fetch, report, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(3600)
        try:
            async with asyncio.timeout(10):
                status = await fetch("/")
        except TimeoutError:
            status = "no answer"
        except ConnectionError as error:
            status = str(error)
        await report(status)
# ANCHOR_END: check


# ANCHOR: virtual_time
class Clock(selectors.DefaultSelector):
    """Asked to wait until the next timer, it says that time has passed."""

    now = 0.0

    def select(self, timeout: float | None = None):
        self.now += timeout or 0
        # without any timer it waits for real
        return super().select(timeout and 0)


def virtual_time() -> asyncio.AbstractEventLoop:
    loop = asyncio.SelectorEventLoop(selector := Clock())
    loop.time = lambda: selector.now
    return loop
# ANCHOR_END: virtual_time


# ANCHOR: an_hour
def an_hour() -> None:
    async def waits() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=virtual_time) as runner:
        print(f"an hour: {runner.run(waits()):.0f} s")
# ANCHOR_END: an_hour


# ANCHOR: test
async def never(page: str) -> str:
    await asyncio.get_running_loop().create_future()


class Test(unittest.TestCase):
    def setUp(self) -> None:
        runner = asyncio.Runner(loop_factory=virtual_time)
        self.runner = self.enterContext(runner)
        self.report = AsyncMock()

    def test_answers_errors_and_silence(self) -> None:
        answers = iter(["200", ConnectionError("refused"), never, "200"])

        async def next_answer(page: str) -> str:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return await answer(page) if callable(answer) else answer

        fetch = AsyncMock(side_effect=next_answer)
        self.runner.run(check_hourly(fetch, self.report, times=4))
        self.assertEqual(fetch.await_args_list, [call("/")] * 4)
        seen = [each.args[0] for each in self.report.await_args_list]
        self.assertEqual(seen, ["200", "refused", "no answer", "200"])
        self.assertEqual(self.runner.get_loop().time(), 4 * 3600 + 10)

    def test_that_is_wrong(self) -> None:
        fetch = AsyncMock(return_value="404")
        self.runner.run(check_hourly(fetch, self.report, times=1))
        self.report.assert_awaited_once_with("200")
# ANCHOR_END: test


# ANCHOR: forgotten
async def forgotten() -> None:
    mock = AsyncMock(return_value="200")
    coroutine = mock("/")
    # a call is no await
    print(f"called {mock.call_count}, awaited {mock.await_count}")
    print(f"then: {await coroutine}, awaited {mock.await_count}")
# ANCHOR_END: forgotten


an_hour()
asyncio.run(forgotten())
result = unittest.TestResult()
unittest.defaultTestLoader.loadTestsFromTestCase(Test).run(result)
print(f"{result.testsRun} tests, {len(result.errors)} errors, {len(result.failures)} failed:")
for test, text in result.failures:
    print(f"    {test.id().split('.')[-1]}")
    print(*(f"    {line}" for line in text.splitlines()[-3:]), sep="\n")
