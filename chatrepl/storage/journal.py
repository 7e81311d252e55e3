"""The journal: a conversation on the disk as it happens.

A question is durable before `begin` returns; what streams in follows within moments; whatever
changes the conversation is told by `state`. Disk faults never raise: `unsaved` says why, and the
next turn tries again. Nothing is created before there is something to keep.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.value import frozen, replace
from chatrepl.storage.files import hold_folder, holder, words_for
from chatrepl.storage.journal_file import SUFFIX, LogFile
from chatrepl.storage.library import free_name, taken_names
from chatrepl.storage.read import ReadBack, load_bytes, load_whole, read_journal
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.writer import Delta, WriteJob, Writer

PATIENCE_S: Final = 10.0
NO_FOLDER: Final = "there is no home folder to keep it in"
_SLICE_S: Final = 0.1
_SLOW: Final = "the disk does not answer"
_STAGED: Final = "staged/"
_SPENT: Final[Mapping[str, Any]] = {"prefill": "", "staged": []}


class Journal:
    """The recorder that keeps one conversation in a file.

    All methods may be called from the main thread and its signals. `copied` is what a copy holds
    that nobody has changed yet; it has no file. `stages` tells that what is set for the next
    message comes from here, and is spent by it.
    """

    def __init__(
        self,
        path: Path,
        recorder: RecordLog | None = None,
        log: LogFile | None = None,
        data: bytes = b"",
    ) -> None:
        self.id: str | None = path.stem
        self.path = path
        self.copied: Conversation | None = None
        self.stages = False
        self._meta = dict(recorder.facts) if recorder is not None else {}
        self._recorder = recorder or RecordLog(time.time())
        self._writer = Writer(path, self._recorder, log, data)
        self._awaited: threading.Event | None = None
        self._closing: threading.Event | None = None

    @classmethod
    def new(cls, folder: Path) -> "Journal":
        """Make the journal of a new conversation; its file comes with the first turn."""
        return cls(folder / f"{new_id()}{SUFFIX}")

    @property
    def name(self) -> str:
        name = self._meta.get("name")
        return name if isinstance(name, str) else ""

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

    @property
    def staged(self) -> tuple[Mapping[str, Any], ...]:
        """What is staged for the next message, as it was given to `beside`."""
        keys = self.facts.get("staged")
        wires = (self.facts.get(str(key)) for key in (keys if isinstance(keys, list) else ()))
        return tuple(wire for wire in wires if isinstance(wire, dict))

    def begin(self, turn: Turn) -> None:
        """Write down a question; it is durable on return, unless `unsaved` says otherwise."""
        with self._claimed():
            spent = {k: v for k, v in _SPENT.items() if self.stages and self.facts.get(k)}
            self._meta |= spent
            self._writer.start()
            encode = lambda recorder: recorder.begin(turn) + recorder.meta(spent)  # noqa: E731
            self._wait(WriteJob(encode, done=threading.Event()))

    def delta(self, turn: TurnId, text: str, kind: str = "text") -> None:
        """Write down a piece of the reply, its text or its thinking; never waits."""
        if text:
            self._writer.put_delta(Delta(turn, kind, text))

    def grow(self, turn: Turn) -> None:
        """Write down what a turn holds so far; it is durable on return, as after `begin`."""
        self._writer.start()
        self._wait(WriteJob(lambda recorder: recorder.grow(turn), done=threading.Event()))

    def finish(self, turn: Turn) -> None:
        """Write down a turn with its reply; never waits."""
        self._writer.start()
        self._writer.put(WriteJob(lambda recorder: recorder.finish(turn)))

    def state(self, conversation: Conversation) -> None:
        """Write down what has changed in the conversation; waits only where a copy begins."""
        if not self._is_copied(conversation):
            with self._claimed():
                if conversation.turns:
                    self._writer.start()
                self.catch_up(conversation)

    def _is_copied(self, conversation: Conversation) -> bool:
        """Tell whether nothing has changed; undone steps go when another one is opened."""
        copied = self.copied
        return copied is not None and replace(conversation, future=()) == replace(copied, future=())

    def catch_up(self, conversation: Conversation) -> None:
        """Tell what the file does not say yet; it is written with the next change, not before."""
        self._writer.put(WriteJob(lambda recorder: recorder.state(conversation)))

    def meta(self, **fields: Any) -> None:
        """Write down what goes with the conversation: name, title, model, prefill and the like."""
        self._meta |= fields
        self._writer.put(WriteJob(lambda recorder: recorder.meta(fields)))

    def beside(
        self,
        conversation: Conversation,
        fields: Mapping[str, Any],
        staged: Sequence[Mapping[str, Any]],
    ) -> None:
        """Keep what goes with the conversation, and what is staged for its next message.

        Only what has changed is written, and what is staged only once.
        """
        self.stages = True
        held = {k: v for k, v in self.facts.items() if k.startswith(_STAGED) and v is not None}
        places = []
        for wire in staged:
            before = next((key for key, value in held.items() if value == wire), None)
            place = before or next(k for n in count(1) if (k := f"{_STAGED}{n}") not in held)
            held[place] = wire
            places.append(place)
        wanted = {**fields, "staged": places}
        wanted |= {key: value if key in places else None for key, value in held.items()}
        old = self.facts
        changed = {k: v for k, v in wanted.items() if (old.get(k) or None) != (v or None)}
        if changed:
            self.keep(conversation, **changed)

    def keep(self, conversation: Conversation, **fields: Any) -> None:
        """Keep something beside a conversation, also where nobody has changed that yet."""
        with self._claimed():
            self.meta(**fields)
            self.state(conversation)

    def rename(self, name: str) -> None:
        """Give it a name, which others find at once."""
        self.copied = None
        self.meta(name=name)
        if self.path.exists():
            self._writer.start()
        self.flush()

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[None]:
        """Let a copy that gets its file have a name that no other copy took meanwhile."""
        if self.copied is None:
            yield
            return
        self.copied = None
        folder = self.path.parent
        with hold_folder(folder):
            if self.name and self.name.casefold() in taken_names(folder):
                self.meta(name=free_name(folder, self.name))
            yield
            self.flush()

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
    try:
        data = read_journal(path)
        loaded = load_whole(path, data)
    except StorageError:
        if log is not None:
            log.close()
        raise
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
        journal = Journal(path.with_name(f"{new_id()}{SUFFIX}"), recorder, data=data)
        journal.copied = loaded.conversation
        if journal.name:
            journal.meta(name=free_name(path.parent, journal.name))
    journal.catch_up(loaded.conversation)
    return OpenJournal(loaded, journal, why, busy)


def _holder(path: Path) -> str:
    pid = holder(path)
    return f" (process {pid})" if pid is not None else ""


def new_id() -> str:
    """Make an id that sorts by time: the time in UTC, and some random digits."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return f"{stamp}-{secrets.token_hex(4)}"
