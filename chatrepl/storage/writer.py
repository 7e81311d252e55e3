"""The thread that writes a journal, so that nobody waits for a disk who need not.

Faults never leave it: what could not be written stays here and is tried again at the next durable
point. After a failed sync the file's tail is not to be trusted, and the whole is written anew.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from chatrepl.core.talk.conversation import TurnId
from chatrepl.core.value import frozen
from chatrepl.storage.files import FULL, words_for
from chatrepl.storage.journal_file import LogFile
from chatrepl.storage.record_log import OPENING, RecordLog

COALESCE_S: Final = 0.02
COALESCE_CHARS: Final = 512
SYNC_S: Final = 1.0
_MOST_BROKEN: Final = 3  # rounds in a row
_UNWRITABLE: Final = "a part of it cannot be written down"


@frozen
class WriteJob:
    """Something to write down. `done` is set once it is durable, or cannot be for now."""

    encode: Callable[[RecordLog], bytes]
    durable: bool = True
    done: threading.Event | None = None
    last: bool = False


@frozen
class Delta:
    """A piece of a reply; such pieces are written together."""

    turn_id: TurnId
    kind: str
    text: str


class Writer:
    """Owns the file and the recorder once it runs."""

    def __init__(self, path: Path, recorder: RecordLog, log: LogFile | None, copied: bytes) -> None:
        self.path = path
        self.unsaved = ""
        self._recorder = recorder
        self._log = log
        self._copied = copied
        self._queue: SimpleQueue[WriteJob | Delta] = SimpleQueue()
        # Released to hurry the thread: unlike an Event this is safe inside a signal handler.
        self._hurry = threading.Lock()
        self._hurry.acquire()
        self._chars = 0
        self._pending = bytearray()
        self._rewrite = False
        self._unsynced_since: float | None = None
        self._faulty = False
        self._encode_fault = ""
        self._wrote_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        return self._thread is not None

    @property
    def stopped(self) -> bool:
        """Tell whether the thread has come to its end, in whatever way."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()

    def put(self, job: WriteJob) -> None:
        self._queue.put(job)
        if job.durable:
            self._hasten()

    def put_delta(self, delta: Delta) -> None:
        self._queue.put(delta)
        self._chars += len(delta.text)
        if self._chars >= COALESCE_CHARS:
            self._chars = 0
            self._hasten()

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def close_unstarted(self) -> None:
        """Let go of a file that nothing was written to."""
        if self._thread is None and self._log is not None:
            self._log.close()

    def _hasten(self) -> None:
        try:
            self._hurry.release()
        except RuntimeError:
            return  # hurrying already

    def _run(self) -> None:
        last, broken = False, 0
        try:
            while not last:
                items: list[WriteJob | Delta] = []
                try:
                    self._gather(items)
                except Exception as bug:
                    broken += 1
                    if broken > _MOST_BROKEN:
                        raise
                    self._broke(bug)
                else:
                    broken = 0
                self._write(items)
                self._wrote_at = time.monotonic()
                last = any(isinstance(item, WriteJob) and item.last for item in items)
        finally:
            if not last:
                self.unsaved = "the journal broke off"
            if self._log is not None:
                if self._faulty:
                    self._log.drop_if_empty()
                self._log.close()

    def _next(self) -> "WriteJob | Delta | None":
        """Wait for something to do; None when it is time to sync."""
        if self._unsynced_since is None:
            return self._queue.get()
        left = self._unsynced_since + SYNC_S - time.monotonic()
        if left <= 0:
            return None
        try:
            return self._queue.get(timeout=left)
        except Empty:
            return None

    def _gather(self, items: "list[WriteJob | Delta]") -> None:
        """Wait for something to do, and take over all there is; it is in `items` at any moment."""
        first = self._next()
        items.append(WriteJob(lambda _: b"") if first is None else first)
        if (
            isinstance(first, Delta)
            and (left := self._wrote_at + COALESCE_S - time.monotonic()) > 0
        ):
            self._hurry.acquire(timeout=left)
        self._hurry.acquire(blocking=False)
        with suppress(Empty):
            while True:
                items.append(self._queue.get_nowait())

    def _write(self, items: "list[WriteJob | Delta]") -> None:
        """Write what came, and set free who waits for it, whatever becomes of it."""
        jobs = [item for item in items if isinstance(item, WriteJob)]
        try:
            self._encode_all(items)
        except Exception as bug:  # noqa: BLE001 - a place of containment
            self._leave_out(bug)
        try:
            durable = any(job.durable for job in jobs)
            if durable or not self._faulty:  # while the disk is faulty, deltas do not try it
                self._attempt(sync=durable)
        except Exception as bug:  # noqa: BLE001 - a place of containment
            self._broke(bug)
        for job in jobs:
            if job.done is not None:
                job.done.set()

    def _encode_all(self, items: "list[WriteJob | Delta]") -> None:
        deltas: list[Delta] = []
        for item in items:
            if isinstance(item, Delta):
                if deltas and (deltas[-1].turn_id, deltas[-1].kind) != (item.turn_id, item.kind):
                    self._encode_deltas(deltas)
                deltas.append(item)
            else:
                self._encode_deltas(deltas)
                self._encode(item.encode)
        self._encode_deltas(deltas)

    def _encode_deltas(self, deltas: list[Delta]) -> None:
        if deltas:
            turn_id, kind = deltas[0].turn_id, deltas[0].kind
            text = "".join(delta.text for delta in deltas)
            self._encode(lambda recorder: recorder.delta(turn_id, kind, text))
            deltas.clear()

    def _encode(self, encode: Callable[[RecordLog], bytes]) -> None:
        try:
            self._pending += encode(self._recorder)
        except (ValueError, TypeError, RecursionError):
            self._encode_fault = _UNWRITABLE
        except Exception as bug:  # noqa: BLE001 - a place of containment
            self._leave_out(bug)

    def _leave_out(self, bug: Exception) -> None:
        self._encode_fault = _UNWRITABLE
        self._broke(bug)

    def _attempt(self, *, sync: bool) -> None:
        try:
            self._put_on_disk(sync=sync)
        except OSError as error:
            self._faulty = True
            self.unsaved = words_for(error)
            if error.errno not in FULL and self._log is not None:
                self._rewrite = True
            self._unsynced_since = None
        else:
            self._faulty = False
            self.unsaved = self._encode_fault

    def _broke(self, bug: Exception) -> None:
        """Tell of what nobody thought of, as the end of a thread would; all is written anew."""
        self.unsaved, self._faulty, self._rewrite = _UNWRITABLE, True, True
        self._unsynced_since = None
        raised = (type(bug), bug, bug.__traceback__, threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(raised))

    def _put_on_disk(self, *, sync: bool) -> None:
        if self._log is not None and sync and not self._log.is_in_place():
            self._rewrite = True  # somebody took the file away
        if self._rewrite:
            self._write_anew()
        elif self._log is None:
            self._log = LogFile.create(self.path)
            opening = b"" if self._copied.startswith(OPENING) else self._recorder.opening()
            self._pending[:0] = opening + self._copied
            self._copied = b""
        if self._log is None:
            return
        if self._pending:
            self._log.append(self._pending)
            self._unsynced_since = self._unsynced_since or time.monotonic()
        since = self._unsynced_since
        if since is not None and (sync or time.monotonic() - since >= SYNC_S):
            self._sync(self._log)

    def _sync(self, log: LogFile) -> None:
        try:
            log.sync()
        except OSError:
            self._rewrite = True  # whatever the reason: these pages may be lost
            raise
        self._unsynced_since = None

    def _write_anew(self) -> None:
        log = LogFile.rewrite(self.path, self._recorder.everything())
        if self._log is not None:
            self._log.close()
        self._log = log
        self._pending.clear()
        self._rewrite = False
        self._unsynced_since = None
