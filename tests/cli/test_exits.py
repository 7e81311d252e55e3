import io
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from chatrepl.cli.exits import prepare_streams
from chatrepl.cli.failures import explained, report_bug
from chatrepl.core.errors import ApiError, ApiErrorKind, ConfigError, ReplyError
from tests.cli.given import KEY, settle

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("No."), 2),
        (ApiError(ApiErrorKind.AUTH, "No."), 3),
        (ReplyError("No."), 8),
        (KeyboardInterrupt(), 130),
        (SystemExit(143), 143),
        (SystemExit("text"), 1),
        (BrokenPipeError(32, "Broken pipe"), 141),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_every_error_has_its_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # nothing that could be silenced
    monkeypatch.setattr("chatrepl.cli.failures._silence", lambda _stream: None)

    assert explained(error) == code
    said = capsys.readouterr().err
    assert bool(said) == (code not in {130, 141, 143} and "text" not in str(error))


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_who_stops_it_while_an_error_is_told_gets_the_code_for_that(
    stop: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_error: object) -> NoReturn:
        raise stop

    monkeypatch.setattr("chatrepl.cli.failures._say", stopped)

    assert explained(ConfigError("No.")) == code


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file", "/nowhere"), ZeroDivisionError(), OSError()]
)
def test_what_is_no_fault_of_a_stream_is_a_bug(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    assert explained(error) == 70


def test_a_bug_is_kept_without_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path, MY_SECRET_TOKEN="hush-hush-hush")

    assert report_bug(RuntimeError(f"{KEY} hush-hush-hush")) == 70

    (log,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text(encoding="utf-8")
    assert "RuntimeError" in text
    assert KEY not in text
    assert "hush-hush-hush" not in text
    assert str(log) in capsys.readouterr().err


def test_nothing_is_written_where_nothing_may_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "argv", ["chatrepl", "--no-save"])

    assert report_bug(RuntimeError()) == 70
    assert list(tmp_path.iterdir()) == []


def test_what_is_being_put_in_place_at_the_end_is_finished(tmp_path: Path) -> None:
    program = """
import os, sys, threading, time
from pathlib import Path
from chatrepl.cli.exits import leave
from chatrepl.storage.files import replace_file

begun, sync = threading.Event(), os.fsync

def slow(descriptor: int) -> None:
    begun.set()
    time.sleep(0.3)
    sync(descriptor)

os.fsync = slow
target = Path(sys.argv[1])
threading.Thread(target=lambda: replace_file(target, b"x"), daemon=True).start()
threading.Thread(target=time.sleep, args=(60,), daemon=False).start()
begun.wait(20)
leave(5)
"""
    done = tmp_path / "done"
    ended = subprocess.run([sys.executable, "-c", program, str(done)], timeout=30, check=False)
    assert ended.returncode == 5
    assert [path.name for path in tmp_path.iterdir()] == ["done"]


_LEAVING = """
import signal, sys
from chatrepl.cli import exits
from chatrepl.storage import files

def breaks(*_):
    raise {how}

sys.argv = ["chatrepl"]
sys.stdout.write("the end of an answer")
{where} = breaks
exits.run(["--version"]) if "prepare" in "{where}" else exits.leave(0)
"""


@pytest.mark.parametrize("where", ["files.finish_writing", "exits.prepare_streams"])
@pytest.mark.parametrize(
    ("how", "code"),
    [("LookupError()", 70), ("KeyboardInterrupt()", 130), ("SystemExit(143)", 143)],
)
def test_what_is_raised_while_leaving_or_before_all_costs_a_line_and_no_word_of_the_answer(
    tmp_path: Path, where: str, how: str, code: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LEAVING.format(where=where, how=how)],
        env={"CHATREPL_STATE_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
    )  # fmt: skip
    assert ended.stdout.startswith("the end of an answer")
    assert ended.returncode == code
    assert ended.stderr.count("\n") == (code == 70), ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(list(tmp_path.glob("bugs/*.log"))) == (code == 70)


def test_marks_stay_legible_on_an_error_stream_that_cannot_take_them() -> None:
    program = (
        "import sys; from chatrepl.cli.exits import prepare_streams; prepare_streams();"
        "sys.stderr.write('▣ a.png · 5×4 – ü 中'); sys.stdout.write('▣ ü')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONIOENCODING": "ascii"}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stderr == "* a.png | 5x4 - \\xfc \\u4e2d"
    assert done.stdout == "\\u25a3 \\xfc"


def test_deadly_signals_end_us_and_what_was_to_be_ignored_stays_ignored() -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}
    hook = sys.unraisablehook
    try:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        prepare_streams()
        leave = signal.getsignal(signal.SIGTERM)

        assert callable(leave)
        assert signal.getsignal(signal.SIGQUIT) is leave
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        with pytest.raises(SystemExit) as left:
            leave(signal.SIGTERM, None)
        assert left.value.code == 143
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


_LOST = """
import os, signal, sys, time
from chatrepl.cli import exits
from chatrepl.cli.exits import prepare_streams

begin = exits._thread.start_new_thread

def late(*given):
    begin(*given)
    until = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < until:
        pass

class Tidied:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0)

async def forgotten():
    pass

prepare_streams()
forgotten()
exits._thread.start_new_thread = late
Tidied()
for _ in range(3000):  # one long sleep may begin just after the signal
    time.sleep(0.01)
"""


@pytest.mark.parametrize("late_s", [0.0, 0.2], ids=["", "busy"])
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGQUIT, 131)],
)
def test_a_signal_that_comes_while_python_tidies_up_is_not_lost(
    number: int, code: int, late_s: float
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LOST, str(int(number)), str(late_s)],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == code
    assert b"ignored" not in ended.stderr
    assert b"awaited" not in ended.stderr
