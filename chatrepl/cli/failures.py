"""What is said of a failure: a line on stderr, an object for programs, a log file for a bug.

Loaded once something has failed.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TextIO

from chatrepl.cli.command_line import asked_manner, options_of
from chatrepl.core.errors import BUG, INTERRUPTED, SIGNALLED, ChatreplError
from chatrepl.core.result import Result
from chatrepl.shells.bugs import bugs_here
from chatrepl.shells.mutter import fitted, mutter, say_error
from chatrepl.terminal.views.json_lines import write_json

PIPE_CLOSED: Final = 141


def explained(error: BaseException) -> int:
    """Say what is to be said of what ended the program; give the exit code."""
    try:
        return _explained(error)
    except (KeyboardInterrupt, SystemExit) as leaving:  # while it was said
        return _explained(leaving)
    except Exception as bug:  # noqa: BLE001 - in what was to say it
        return report_bug(bug)


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
    if error.exit_code <= SIGNALLED:  # who stopped it knows
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
    failure = bugs_here().failure(error, keeps=_keeps(sys.argv[1:]))
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(fitted(sys.stderr, f"chatrepl: t{failure.message[1:]}\n"))
    with suppress(OSError, ValueError, AttributeError):
        write_failure(sys.stdout, asked_manner(sys.argv[1:]), failure)
    return BUG


def pass_over(error: Exception) -> None:
    """Keep what was raised where nobody waits for it, and say so once."""
    if not bugs_here().knows(error):
        account = bugs_here().account(error, keeps=_keeps(sys.argv[1:]))
        mutter(sys.stderr, f"chatrepl: a bug in chatrepl was passed over. {account}")


def write_failure(out: TextIO, manner: str, error: ChatreplError, model: str = "") -> None:
    """Print the result object for an error; where the answer is text, print nothing."""
    if manner != "text":
        kind = {"type": "result"} if manner == "jsonl" else {}
        write_json(out, {**kind, **Result(model=model, error=error).to_wire()})


def _keeps(argv: Sequence[str]) -> bool:
    """Tell whether anything may be written to the disk; what cannot be read forbids nothing."""
    if "--no-save" in argv:
        return False
    try:
        from chatrepl.cli.assemble import configuration

        return configuration(options_of(argv)).settings.save
    except Exception:  # noqa: BLE001 - it may be what failed
        return True
