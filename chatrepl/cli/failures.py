"""What is said of a failure: a line on stderr, an object for programs, a log file for a bug.

Loaded once something has failed.
"""

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from typing import Final, TextIO

from chatrepl.cli.options import asked_manner
from chatrepl.core.errors import ChatreplError
from chatrepl.core.result import Result
from chatrepl.core.secrets import redact
from chatrepl.shells.oneshot import say_error
from chatrepl.storage.paths import find_folders, make_folder
from chatrepl.terminal.views.json_lines import write_json

BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
_SIGNALLED: Final = 128
_MOST_LOG_CHARS: Final = 200_000


def explained(error: BaseException) -> int:
    """Say what is to be said of what ended the program; give the exit code."""
    try:
        return _explained(error)
    except (KeyboardInterrupt, SystemExit) as leaving:  # while it was said
        return _explained(leaving)


def _explained(error: BaseException) -> int:
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case SystemExit(code=code):
            return code if isinstance(code, int) else 1
        case ChatreplError():
            _say(error)
            return error.exit_code
        case BrokenPipeError():
            _silence(sys.stdout)
            return PIPE_CLOSED
        case OSError(errno=int(), filename=None):  # about a stream of ours: full, or closed
            _silence(sys.stdout)
            reason = error.strerror or "it is closed"
            _say(ChatreplError(f"The answer could not be written: {reason}."))
            return 1
        case _:
            return report_bug(error)


def _say(error: ChatreplError) -> None:
    if error.exit_code <= _SIGNALLED:  # who stopped it knows
        say_error(sys.stderr, error)


def _silence(stream: object) -> None:
    """Let what is still buffered go nowhere, so that closing does not fail again."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fileno())
    os.close(nowhere)


def report_bug(error: BaseException) -> int:
    """Keep a traceback in a file of its own and say where, in one line."""
    where = _keep(error)
    account = f"What happened is in {where}." if where else "What happened was not kept in a file."
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"chatrepl: this is a bug in chatrepl. {account}\n")
    with suppress(OSError, ValueError, AttributeError):
        failure = ChatreplError(f"This is a bug in chatrepl. {account}", exit_code=BUG)
        write_failure(sys.stdout, asked_manner(sys.argv[1:]), failure)
    return BUG


def write_failure(out: TextIO, manner: str, error: ChatreplError, model: str = "") -> None:
    """Print the result object for an error; where the answer is text, print nothing."""
    if manner != "text":
        kind = {"type": "result"} if manner == "jsonl" else {}
        write_json(out, {**kind, **Result(model=model, error=error).to_wire()})


def _keep(error: BaseException) -> str:
    """Write the traceback under the state folder, else among the temporary files."""
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
