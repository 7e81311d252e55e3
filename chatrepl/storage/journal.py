"""The journal: a conversation on the disk as it happens.

A question is durable before `begin` returns; what streams in follows within moments; whatever
changes the conversation is told by `state`. Disk faults never raise: `unsaved` says why, and the
next turn tries again. Nothing is created before there is something to keep.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.value import frozen
from chatrepl.storage.files import holder, words_for
from chatrepl.storage.journal_file import SUFFIX, LogFile
from chatrepl.storage.read import ReadBack, load_bytes, read_journal
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.writer import Delta, WriteJob, Writer

PATIENCE_S: Final = 10.0
NO_FOLDER: Final = "there is no home folder to keep it in"
_SLICE_S: Final = 0.1
_SLOW: Final = "the disk does not answer"


class Journal:
    """One conversation's file. All methods may be called from the main thread and its signals."""

    def __init__(
        self,
        path: Path,
        recorder: RecordLog | None = None,
        log: LogFile | None = None,
        copied: bytes = b"",
    ) -> None:
        self.id = path.stem
        self.path = path
        self._meta = dict(recorder.facts) if recorder is not None else {}
        self._recorder = recorder or RecordLog(time.time())
        self._writer = Writer(path, self._recorder, log, copied)
        self._awaited: threading.Event | None = None
        self._closing: threading.Event | None = None

    @classmethod
    def new(cls, folder: Path) -> "Journal":
        """Make the journal of a new conversation; its file comes with the first turn."""
        return cls(folder / f"{new_id()}{SUFFIX}")

    @property
    def name(self) -> str | None:
        name = self._meta.get("name")
        return name if isinstance(name, str) and name else None

    @property
    def unsaved(self) -> str:
        """Why the conversation is not on the disk at the moment; empty where it is."""
        if self._awaited is not None and not self._awaited.is_set():
            return _SLOW
        return self._writer.unsaved

    @property
    def facts(self) -> Mapping[str, Any]:
        """What goes with the conversation, as `meta` and the file have it."""
        return self._meta

    def begin(self, turn: Turn, spent: Mapping[str, Any] | None = None) -> None:
        """Write down a question; it is durable on return, unless `unsaved` says otherwise.

        `spent` are the fields that change with it.
        """
        fields = dict(spent or {})
        self._meta |= fields
        self._writer.start()
        encode = lambda recorder: recorder.begin(turn) + recorder.meta(fields)  # noqa: E731
        self._wait(WriteJob(encode, done=threading.Event()))

    def delta(self, turn_id: str, text: str, kind: Literal["text", "thinking"] = "text") -> None:
        """Write down a piece of the reply; never waits."""
        if text:
            self._writer.put_delta(Delta(TurnId(turn_id), kind, text))

    def finish(self, turn: Turn) -> None:
        """Write down a turn with its reply; never waits."""
        self._writer.start()
        self._writer.put(WriteJob(lambda recorder: recorder.finish(turn)))

    def state(self, conversation: Conversation) -> None:
        """Write down what has changed in the conversation; never waits."""
        if conversation.turns:
            self._writer.start()
        self._writer.put(WriteJob(lambda recorder: recorder.state(conversation)))

    def catch_up(self, conversation: Conversation) -> None:
        """Tell what the file does not say yet; it is written with the next change, not before."""
        self._writer.put(WriteJob(lambda recorder: recorder.state(conversation)))

    def meta(self, **fields: Any) -> None:
        """Write down what goes with the conversation: name, title, model, prefill and the like."""
        self._meta |= fields
        self._writer.put(WriteJob(lambda recorder: recorder.meta(fields)))

    def flush(self, seconds: float = PATIENCE_S) -> bool:
        """Wait until all is on the disk; tell whether it is. Safe inside a signal handler."""
        if self._closing is not None:
            self._closing.wait(seconds)
        elif self._writer.runs:
            self._wait(WriteJob(lambda _: b"", done=threading.Event()), seconds)
        return not self.unsaved

    def close(self, seconds: float = PATIENCE_S) -> bool:
        """Write the rest and let go of the file; tell whether all of it is on the disk."""
        if self._closing is not None:
            return self.flush(seconds)
        self._closing = threading.Event()
        if self._writer.runs:
            self._wait(WriteJob(lambda _: b"", done=self._closing, last=True), seconds)
            if self._awaited is None:
                self._writer.join(seconds)
        else:
            self._writer.close_unstarted()
            self._closing.set()
        return not self.unsaved

    def _wait(self, job: WriteJob, seconds: float = PATIENCE_S) -> None:
        self._writer.put(job)
        if job.done is None:
            return
        patient_until = time.monotonic() + seconds
        while not job.done.wait(min(_SLICE_S, seconds)) and not self._writer.stopped:
            if time.monotonic() >= patient_until:
                self._awaited = job.done
                return
        self._awaited = None


@frozen
class OpenJournal:
    """A saved conversation to go on with. `copied` says why, where it goes on in a copy.

    `busy` tells that another chatrepl may be writing it right now.
    """

    loaded: ReadBack
    journal: Journal
    copied: str = ""
    busy: bool = False


def resume(path: Path) -> OpenJournal:
    """Load a conversation and go on with its file, or with a copy where the file is not ours.

    Nothing is written before something changes. Raises StorageError where it cannot be read.
    """
    log, why, busy = None, "", False
    try:
        log = LogFile.open(path)
        busy = log is None
        why = "" if log is not None else f"another chatrepl{_holder(path)} has it open"
    except OSError as error:
        why = words_for(error)
    data = read_journal(path)
    loaded = load_bytes(data)
    if loaded.newer and log is not None:
        log.close()
        log, why = None, "a newer chatrepl wrote it"
    created = loaded.meta.get("created")
    when = float(created) if isinstance(created, int | float) else time.time()
    if log is not None:
        recorder = RecordLog.after(loaded.recorded, loaded.meta, when)
        journal = Journal(path, recorder, log)
    else:
        data = data[: data.rfind(b"\n") + 1]
        loaded = load_bytes(data)
        recorder = RecordLog.after(loaded.recorded, loaded.meta, when)
        journal = Journal(path.with_name(f"{new_id()}{SUFFIX}"), recorder, copied=data)
    journal.catch_up(loaded.conversation)
    return OpenJournal(loaded, journal, why, busy)


def _holder(path: Path) -> str:
    pid = holder(path)
    return f" (process {pid})" if pid is not None else ""


def new_id() -> str:
    """Make an id that sorts by time: the time in UTC, and some random digits."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return f"{stamp}-{secrets.token_hex(4)}"
