"""Every way out, with its code: errors become a line on stderr, a bug becomes a log file.

0 answered · 1 service or storage · 2 usage or configuration · 3 credentials · 4 busy or away ·
5 too large · 6 cut · 7 refused or empty · 8 not in the form asked for · 70 a bug · 130 Ctrl-C ·
141 the reader of a pipe went away · 143 SIGTERM
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NoReturn

from chatrepl.core.errors import ChatreplError
from chatrepl.oneshot import say_error

BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141


def guarded(run: Callable[[], int]) -> int:
    """Run the program and give its exit code, whatever becomes of it."""
    try:
        return _flushed(run())
    except ChatreplError as error:
        say_error(sys.stderr, error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:
        return _unwritable(error)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1


def report_bug(error: BaseException) -> int:
    """Keep a traceback in a file of its own and say where, in one line."""
    text = "".join(traceback.format_exception(error))
    where = _keep(text)
    if sys.stderr is not None:
        told = f"What happened is in {where}." if where else "It could not be kept in a file."
        sys.stderr.write(f"chatrepl: this is a bug in chatrepl. {told}\n")
    return BUG


def leave(code: int) -> NoReturn:
    """End the process at once: all is written and closed, nothing is left to tear down."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 1
    os._exit(code)


def _flushed(code: int) -> int:
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _unwritable(error: OSError) -> int:
    """A stream of ours cannot be written: the disk behind it is full, or it is closed."""
    _silence(sys.stdout)
    reason = error.strerror or "it is closed"
    say_error(sys.stderr, ChatreplError(f"The answer could not be written: {reason}."))
    return 1


def _silence(stream: object) -> None:
    """Let what is still buffered go nowhere, so that closing does not fail again."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fileno())
    os.close(nowhere)


def _keep(text: str) -> Path | None:
    try:
        with NamedTemporaryFile(
            "w", prefix="chatrepl-bug-", suffix=".log", delete=False, encoding="utf-8",
            errors="backslashreplace",
        ) as file:  # fmt: skip
            file.write(text)
        return Path(file.name)
    except OSError:
        return None
