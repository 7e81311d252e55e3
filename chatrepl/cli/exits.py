"""The way in, and every way out with its code.

0 answered · 1 service or storage · 2 usage or configuration · 3 credentials · 4 busy or away ·
5 too large · 6 cut · 7 refused or empty · 8 not in the form asked for · 70 a bug · 130 Ctrl-C ·
141 the reader of a pipe went away · 129, 131, 143 SIGHUP, SIGQUIT, SIGTERM
"""

import _thread
import codecs
import os
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Final, Never, NoReturn

from chatrepl.startup.first_sight import first_sight

_LAST_WRITES_S: Final = 1.0
_TIDIED_S: Final = 0.01
_SIGNALLED: Final = 128
_MARKS: Final = "chatrepl.marks"


def run(argv: Sequence[str]) -> NoReturn:
    """Do what the command line asks for and end the process, whatever becomes of it."""
    try:
        prepare_streams()
        code = _begin(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the one place where a bug ends
        code = _explained(error)
    leave(code)


def _explained(error: BaseException) -> int:
    from chatrepl.cli.failures import explained

    return explained(error)


def _begin(argv: Sequence[str]) -> int:
    """Show the prompt's mark if there will be one, then load the program behind it."""
    with first_sight(argv) as early:
        from chatrepl.cli.start import run as run_asked

        return run_asked(argv, early)


def prepare_streams() -> None:
    """Make the streams take any text, and deadly signals end us through every `finally`.

    What was to be ignored when we were started, as under nohup, stays ignored. Python's own
    remarks are for developers: they show where `-W` or PYTHONWARNINGS asks for them.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.unraisablehook = _hear_lost
    codecs.register_error(_MARKS, _without_marks)
    for stream, errors in ((sys.stdout, "backslashreplace"), (sys.stderr, _MARKS)):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=errors)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with suppress(ValueError):  # not the main thread
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave_on_signal)


def _without_marks(error: UnicodeError) -> tuple[str, int]:
    """Give what a stream takes in the place of our marks; of anything else, its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from chatrepl.terminal.spoken import ASCII_FOR  # most streams take any text

    text = error.object[error.start : error.end].translate(ASCII_FOR)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def _leave_on_signal(number: int, _frame: FrameType | None) -> Never:
    sys.exit(_SIGNALLED + number)


def _hear_lost(lost: "sys.UnraisableHookArgs") -> None:
    """Send a signal again that came while Python was tidying up; pass over anything else.

    What a handler raises inside a `__del__` ends nothing: the interpreter throws it away.
    """
    match lost.exc_value:
        case KeyboardInterrupt():
            number = int(signal.SIGINT)
        case SystemExit(code=int(code)) if code > _SIGNALLED:
            number = code - _SIGNALLED
        case _:
            return
    here = _thread.get_ident()  # in which it would be thrown away once more
    _thread.start_new_thread(_send_again, (here, number))


def _send_again(thread: int, number: int) -> None:
    time.sleep(_TIDIED_S)
    while _hears_lost(sys._current_frames().get(thread)):  # noqa: SLF001 - there is no other way
        time.sleep(_TIDIED_S)
    signal.pthread_kill(thread, number)


def _hears_lost(frame: FrameType | None) -> bool:
    """Tell whether a thread is still where what is raised is thrown away."""
    while frame is not None and frame.f_code is not _hear_lost.__code__:
        frame = frame.f_back
    return frame is not None


def leave(code: int) -> NoReturn:
    """End the process at once: all is written and closed, nothing is left to tear down."""
    for finish in (_wait_for_files, _flush, _flush):  # the last for what was said meanwhile
        try:
            code = finish(code)
        except BaseException as error:  # noqa: BLE001 - a bug or a signal while leaving
            code = _explained(error)
    os._exit(code)


def _wait_for_files(code: int) -> int:
    files = sys.modules.get("chatrepl.storage.files")
    if files is not None:  # else nothing is being written
        files.finish_writing(_LAST_WRITES_S)
    return code


def _flush(code: int) -> int:
    """Write what is buffered; give the exit code, which tells where that failed."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or (1 if stream is sys.stdout else 0)
    return code
