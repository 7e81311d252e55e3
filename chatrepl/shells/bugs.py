"""What nobody thought of: kept in a log without secrets, and said in a line."""

import os
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final

from chatrepl.core.errors import BUG, ChatreplError
from chatrepl.core.secrets import redact, tells
from chatrepl.storage.paths import find_folders, make_folder

MOST_LOGS: Final = 20
MOST_LOG_CHARS: Final = 200_000
_BEGINS, _ENDS = "chatrepl-bug-", ".log"


@dataclass(slots=True)
class Bugs:
    """The bugs of one run: each fault is kept once, however often it happens."""

    _kept: dict[object, str] = field(default_factory=dict)

    def knows(self, error: BaseException) -> bool:
        """Tell whether the same fault happened before, at the same place."""
        return _place(error) in self._kept

    def account(self, error: BaseException, *, keeps: bool) -> str:
        """Keep an error, if it `keeps` any and has not yet; say in a sentence where it is."""
        where = self._kept.get(_place(error), "")
        if not where:
            where = self._kept[_place(error)] = keep(error) if keeps else ""
        return f"What happened is in {where}." if where else "What happened was not kept in a file."

    def failure(self, error: BaseException, *, keeps: bool) -> ChatreplError:
        """Keep an error as `account` does, and give it as the failure of what it broke."""
        account = self.account(error, keeps=keeps)
        return ChatreplError(f"This is a bug in chatrepl. {account}", exit_code=BUG)


@cache
def bugs_here() -> Bugs:
    """Give the bugs of this process, where no chat has its own."""
    return Bugs()


def keep(error: BaseException) -> str:
    """Write a traceback under the state folder, else among the temporary files; say where.

    Only the newest logs stay.
    """
    text = "".join(traceback.format_exception(error))
    if len(text) > MOST_LOG_CHARS:
        text = f"{text[: MOST_LOG_CHARS // 2]}\n…\n{text[-MOST_LOG_CHARS // 2 :]}"
    text = redact(text, tuple(_secrets()))
    for find in (_folder, lambda: None):
        try:
            return _write(text, find())
        except (OSError, ValueError):
            continue
    return ""


def _folder() -> Path | None:
    state = find_folders(os.environ).state
    return state / "bugs" if state is not None else None


def _write(text: str, folder: Path | None) -> str:
    import tempfile  # seldom wanted

    if folder is not None:
        make_folder(folder)
        _make_room(folder)
    descriptor, name = tempfile.mkstemp(_ENDS, _BEGINS, folder)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return name


def _make_room(folder: Path) -> None:
    """Take the oldest logs away, so that one more fits."""
    logs = sorted(folder.glob(f"{_BEGINS}*{_ENDS}"), key=lambda log: log.lstat().st_mtime_ns)
    for log in logs[: max(0, len(logs) - MOST_LOGS + 1)]:
        with suppress(OSError):
            log.unlink()


def _place(error: BaseException) -> object:
    """Say what it is and where it came from; of a recursion only where it began."""
    return type(error), tuple(_lines(error.__traceback__))[:100]


def _lines(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _secrets() -> Iterator[str]:
    for name, value in os.environ.items():
        if len(value) >= 8 and tells(name):
            yield value
