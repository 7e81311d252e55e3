"""Signals at any moment of a loop: nothing of the work stays behind."""

import asyncio
import signal
from collections.abc import Callable

import pytest

from chatrepl.cli.connection import new_runner
from chatrepl.shells.loop import run_on


async def _five() -> int:
    await asyncio.sleep(0)
    return 5


def _raised(how: BaseException) -> Callable[[], None]:
    def raise_() -> None:
        raise how

    return raise_


@pytest.mark.parametrize("how", [KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.parametrize("rounds", range(6))
def test_what_a_signal_leaves_half_done_is_ended_and_the_next_work_runs_to_its_end(
    how: BaseException, rounds: int
) -> None:
    ended: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        try:
            for _ in range(rounds):
                await asyncio.sleep(0)
            loop.call_soon(_raised(how))
            await asyncio.sleep(0 if rounds % 2 else 20)
        finally:
            ended.append("work")

    with new_runner() as runner:
        with pytest.raises(type(how)):
            run_on(runner, work())
        assert ended == ["work"]
        assert run_on(runner, _five()) == 5
        assert not asyncio.all_tasks(runner.get_loop())


def test_a_signal_between_the_last_step_and_the_stop_spoils_no_later_work() -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(_raised(SystemExit(129)))

    with new_runner() as runner:
        with pytest.raises(SystemExit):
            run_on(runner, work())
        assert run_on(runner, _five()) == 5


def test_a_signal_before_the_first_step_lets_nothing_begin_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")
        await asyncio.sleep(20)

    with new_runner() as runner:
        runner.get_loop().call_soon(_raised(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            run_on(runner, work())
        del begun[:]
        assert run_on(runner, _five()) == 5
        assert begun == []


def test_ctrl_c_still_stops_what_runs() -> None:
    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(20)

    with new_runner() as runner:
        with pytest.raises(KeyboardInterrupt):
            run_on(runner, work())
        assert run_on(runner, _five()) == 5
