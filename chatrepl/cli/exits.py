"""Every way out, with its code: errors become a line on stderr, a bug becomes a log file.

0 answered · 1 service or storage · 2 usage or configuration · 3 credentials · 4 busy or away ·
5 too large · 6 cut · 7 refused or empty · 8 not in the form asked for · 70 a bug · 130 Ctrl-C ·
141 the reader of a pipe went away · 129, 131, 143 SIGHUP, SIGQUIT, SIGTERM

The result object for what failed outside of the answer: who asks for objects always gets one.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, Never, NoReturn, TextIO

from chatrepl.core.errors import ChatreplError

BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
_SIGNALLED: Final = 128
_MOST_LOG_CHARS: Final = 200_000
_LAST_WRITES_S: Final = 1.0


def prepare_streams() -> None:
    """Make the streams take any text, and deadly signals end us through every `finally`.

    What was to be ignored when we were started, as under nohup, stays ignored.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with suppress(ValueError):  # not the main thread
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave_on_signal)


def _leave_on_signal(number: int, _frame: FrameType | None) -> Never:
    sys.exit(128 + number)


def guarded(run: Callable[[], int]) -> int:
    """Run the program and give its exit code, whatever becomes of it."""
    try:
        return _explained(run)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1


def _explained(run: Callable[[], int]) -> int:
    """Run the program; say what went wrong, which takes a moment and may be interrupted too."""
    try:
        return _flushed(run())
    except ChatreplError as error:
        _say(error)
        return error.exit_code
    except BrokenPipeError:
        _silence(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is not None or not error.errno:
            raise  # not about a stream of ours
        return _unwritable(error)


def report_bug(error: BaseException) -> int:
    """Keep a traceback in a file of its own and say where, in one line."""
    where = _keep(error)
    account = f"What happened is in {where}." if where else "What happened was not kept in a file."
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"chatrepl: this is a bug in chatrepl. {account}\n")
    _tell_program(ChatreplError(f"This is a bug in chatrepl. {account}", exit_code=BUG))
    return BUG


def leave(code: int) -> NoReturn:
    """End the process at once: all is written and closed, nothing is left to tear down."""
    if "chatrepl.storage.files" in sys.modules:
        from chatrepl.storage.files import finish_writing

        finish_writing(_LAST_WRITES_S)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or (1 if stream is sys.stdout else 0)
    os._exit(code)


def _tell_program(error: ChatreplError) -> None:
    from chatrepl.cli.options import asked_manner

    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            write_failure(sys.stdout, asked_manner(sys.argv[1:]), error)


def _say(error: ChatreplError) -> None:
    if error.exit_code > _SIGNALLED:
        return  # who stopped it knows
    from chatrepl.shells.oneshot import say_error

    say_error(sys.stderr, error)


def _flushed(code: int) -> int:
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _unwritable(error: OSError) -> int:
    """A stream of ours cannot be written: the disk behind it is full, or it is closed."""
    _silence(sys.stdout)
    reason = error.strerror or "it is closed"
    _say(ChatreplError(f"The answer could not be written: {reason}."))
    return 1


def _silence(stream: object) -> None:
    """Let what is still buffered go nowhere, so that closing does not fail again."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fileno())
    os.close(nowhere)


def _keep(error: BaseException) -> str:
    """Write the traceback under the state folder, else among the temporary files."""
    import tempfile
    import traceback

    from chatrepl.api.address import redact
    from chatrepl.storage.paths import find_folders, make_folder

    if "--no-save" in sys.argv:
        return ""
    text = "".join(traceback.format_exception(error))
    if len(text) > _MOST_LOG_CHARS:
        text = f"{text[: _MOST_LOG_CHARS // 2]}\n…\n{text[-_MOST_LOG_CHARS // 2 :]}"
    text = redact(text, tuple(_secrets()))
    state = find_folders(os.environ).state
    for folder in (state / "bugs" if state is not None else None, None):
        try:
            if folder is not None:
                make_folder(folder)
            descriptor, name = tempfile.mkstemp(".log", "chatrepl-bug-", folder)  # mode 0600
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return name
    return ""


def _secrets() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= 8 and any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET"))
    ]


def write_failure(out: TextIO, manner: str, error: ChatreplError, model: str = "") -> None:
    """Print the result object for an error; where the answer is text, print nothing."""
    if manner == "text":
        return
    from chatrepl.core.result import Result
    from chatrepl.terminal.views.json_lines import write_json

    kind = {"type": "result"} if manner == "jsonl" else {}
    write_json(out, {**kind, **Result(model=model, error=error).to_wire()})
