import asyncio
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chatrepl.cli.loop import hear_threads, new_runner


def test_leaving_waits_for_no_thread_that_nothing_can_stop() -> None:
    begun, released, ended = threading.Event(), threading.Event(), threading.Event()

    def look_up() -> None:
        begun.set()
        released.wait(20)
        ended.set()

    async def ask() -> None:
        waiting = asyncio.get_running_loop().run_in_executor(None, look_up)
        await asyncio.to_thread(begun.wait, 20)
        waiting.cancel()
        await waiting

    with new_runner() as runner, pytest.raises(asyncio.CancelledError):
        runner.run(ask())
    assert not ended.is_set()
    released.set()
    assert ended.wait(20)


def test_what_threads_find_out_in_time_is_given() -> None:
    with new_runner() as runner:
        assert runner.run(asyncio.to_thread(lambda: 5)) == 5


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
            runner.run(work())
        assert ended == ["work"]
        assert runner.run(_five()) == 5
        assert not asyncio.all_tasks(runner.get_loop())


def test_a_signal_between_the_last_step_and_the_stop_spoils_no_later_work() -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(_raised(SystemExit(129)))

    with new_runner() as runner:
        with pytest.raises(SystemExit):
            runner.run(work())
        assert runner.run(_five()) == 5


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
            runner.run(work())
        del begun[:]
        assert runner.run(_five()) == 5
        assert begun == []


def test_ctrl_c_still_stops_what_runs() -> None:
    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(20)

    with new_runner() as runner:
        with pytest.raises(KeyboardInterrupt):
            runner.run(work())
        assert runner.run(_five()) == 5


def test_a_bug_in_a_thread_is_kept_and_said_in_one_line_and_what_ends_a_thread_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr("sys.argv", ["chatrepl"])
    hear_threads()
    for how in (LookupError("lost in a thread"), SystemExit(1)):
        thread = threading.Thread(target=_raised(how))
        thread.start()
        thread.join()
    said = capsys.readouterr().err
    assert said.startswith("chatrepl: a bug in chatrepl was passed over. ")
    assert said.count("\n") == 1
    assert len(list((tmp_path / "bugs").iterdir())) == 1
