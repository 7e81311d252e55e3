"""The lines that were typed, on disk: one JSON string a line, appended only.

A line with a paste in it that may mention a file is an object: `text`, and `pasted`, the pastes.

Several programs may append at once; each sees the others' lines at its next start. A line that
begins with a space, or that holds a key, is remembered until the end of the program only.
"""

import asyncio
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.history import History

from chatrepl.core.secrets import keys_in
from chatrepl.terminal.prompt.contain import contained
from chatrepl.terminal.prompt.drafts import hand_over
from chatrepl.terminal.prompt.values import whole_characters

_DRAFTS = "drafts"
MOST_BYTES_READ = 8_000_000
MOST_CHARACTERS_STORED = 256_000


class DiskHistory(History):
    """History in a private file; in memory only without one, or where it cannot be used.

    `secrets` are texts that are never stored, whatever they look like.
    `pasted` are the pastes of now, `recalled` those in the lines of earlier programs.
    """

    def __init__(
        self,
        path: Path | None,
        whole: Callable[[str], str] = str,
        *,
        pasted: Sequence[str] = (),
        recalled: list[str] | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self._pasted = pasted
        self._recalled = [] if recalled is None else recalled
        self._ahead: list[str] = []
        self.secrets: tuple[str, ...] = ()
        self._whole = whole  # gives a draft with what was folded in it

    def bring_to(self, buffer: Buffer) -> None:
        """Give a buffer all lines at once, as it would load them itself a moment later."""
        if not self._loaded:
            self._loaded_strings, self._loaded = [*self.load_history_strings()], True
        buffer._working_lines.extendleft(self._loaded_strings)  # noqa: SLF001
        buffer.working_index += len(self._loaded_strings)
        buffer._load_history_task = asyncio.ensure_future(asyncio.sleep(0))  # noqa: SLF001 - it is done

    @property
    def drafts(self) -> Path | None:
        """Where lines are kept that are being typed."""
        return None if self.path is None else self.path.with_name(_DRAFTS)

    def may_store(self, entry: str) -> bool:
        """Tell whether a line may be on the disk."""
        return _may_be_stored(entry) and not keys_in(entry, self.secrets)

    def load_history_strings(self) -> Iterable[str]:
        """Give the stored lines, newest first; what cannot be read is passed over."""
        return contained(self._stored, list)()

    def _stored(self) -> Iterable[str]:
        if self.path is None:
            return []
        hand_over(self.path.with_name(_DRAFTS), self._take_over)
        try:
            lines = _tail(self.path).split(b"\n")
        except OSError:
            return []
        entries = [entry for line in lines if (entry := _entry(line)) is not None]
        self._recalled += dict.fromkeys(paste for _, pastes in entries for paste in pastes)
        return [text for text, _ in reversed(entries)]

    def store_string(self, string: str) -> None:
        """Append a line to the file, if it may be stored."""
        entry = self._whole(string)
        if entry in self._ahead:
            self._ahead.remove(entry)
        else:
            self._store(entry, [one for one in (*self._recalled, *self._pasted) if one in entry])

    def store_ahead(self, entry: str) -> None:
        """Append a line that waits for the prompt, so that a kill does not lose it.

        It is not stored again once it gets there. Nobody can tell here what of it was pasted.
        """
        self._ahead.append(entry)
        self._store(entry, [entry] if "@" in entry else [])

    def _take_over(self, draft: str) -> bool:
        """Store the line of a chat that was killed; nobody can tell what of it was pasted."""
        return self._store(draft, [draft] if "@" in draft else [])

    def _store(self, entry: str, pasted: Sequence[str]) -> bool:
        """Store a line, if it may be; tell whether that did not fail."""
        if self.path is None or not self.may_store(entry):
            return True
        line = {"text": entry, "pasted": pasted} if pasted else entry
        try:
            _append(self.path, json.dumps(line).encode("ascii"))
        except OSError:
            return False
        return True


def _may_be_stored(entry: str) -> bool:
    if entry.startswith(" ") or not entry.strip() or "sk-ant-" in entry:
        return False
    if re.match(r"/set!?\s+(headers|api_key_command|base_url|extra_body)\b", entry):
        return False
    return len(entry) <= MOST_CHARACTERS_STORED


def _entry(line: bytes) -> tuple[str, list[str]] | None:
    """Read a line: its text, and the pastes in it."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match entry:
        case str(text) if text:
            return whole_characters(text), []
        case {"text": str(text), "pasted": list(pastes)} if text:
            return whole_characters(text), [paste for paste in pastes if isinstance(paste, str)]
        case _:
            return None


def _tail(path: Path) -> bytes:
    with os.fdopen(_opened(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - MOST_BYTES_READ))
        return file.read(MOST_BYTES_READ)


def _opened(path: Path) -> int:
    """Open without waiting for a writer, should this be a FIFO."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _append(path: Path, line: bytes) -> None:
    """Write a whole line at once, after whatever a broken write may have left."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        rest = (b"\n" if torn else b"") + line + b"\n"
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
