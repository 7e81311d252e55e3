"""Commands about code that the service runs, and the files that it makes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from chatrepl.attachments.mentions import complete_path
from chatrepl.attachments.safe_read import plain_path
from chatrepl.commands.cost import cooled
from chatrepl.commands.registry import ArgKind, command
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.outcome import Confirm, Job, Notice, Outcome, Page, Several, Table
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.workshop import MadeFile, files_made, made_in, size_words, told_in_full
from chatrepl.core.world import FileStore
from chatrepl.session.session import Session
from chatrepl.storage.files import kind_at

ASK_BYTES: Final = 100_000_000
_PRICE: Final = (
    "Beside /web on it costs nothing more; else $0.05 an hour after 1,550 free ones a month."
)
_Numbered = tuple[int, "MadeFile | ChatreplError"]


@command("code", group="next reply")
def code(session: Session, how: Literal["on", "off", "show"] | None = None) -> Outcome:
    """Let the service run code while it answers, in a container that has no network.

    The container stays with the conversation, and all branches of it share its files. `show` prints
    all code and output of the last reply that ran any; under replies both are folded.
    """
    if how is None:
        return Notice(_running(session))
    if how == "show":
        return _in_full(session)
    if how == "on" and not session.model.code:
        raise UsageError(f"{session.model.id} runs no code.")
    lost = cooled(session, lambda: session.use(code=how == "on"))
    price = f" {_PRICE}" if how == "on" else ""
    return Notice(f"{_running(session)}{price}{lost}")


def _in_full(session: Session) -> Outcome:
    for turn in reversed(session.conversation.path()):
        if text := told_in_full(block for message in turn.messages for block in message.content):
            return Page(text)
    raise UsageError("No code ran in this conversation.")


def _running(session: Session) -> str:
    return f"Running code is {'on' if session.settings.code else 'off'}."


def _numbers(session: Session, text: str) -> Iterable[tuple[str, str]]:
    made = enumerate(made_in(session.conversation), 1)
    offered = [*((str(number), id_) for number, id_ in made), ("all", "")]
    return [pair for pair in offered if pair[0].startswith(text)]


def _folders(_session: Session, text: str) -> Iterable[tuple[str, str]]:
    return ((path, "folder") for path in complete_path(text) if path.endswith("/"))


@command("files", group="saved")
def files(session: Session) -> Outcome:
    """List the files that code made in this conversation; /download saves them."""
    ids = _made(session)
    numbers = _chosen(session, ids, "all")
    return Job("Asking for the files", lambda: _listed(_described(session, ids, numbers)))


def _listed(entries: Sequence[_Numbered]) -> Outcome:
    rows = tuple((str(number), *_cells(entry)) for number, entry in entries)
    return Table(("#", "file", "size", "kind"), rows, right=frozenset({0, 2}))


def _cells(entry: "MadeFile | ChatreplError") -> tuple[str, str, str]:
    if isinstance(entry, ChatreplError):
        return entry.message, "", ""
    kind = entry.kind if entry.given else "for code only"
    return entry.name or entry.id, size_words(entry.size), kind


@command("download", group="saved")
def download(
    session: Session,
    which: Annotated[str, ArgKind(complete=_numbers)] = "",
    folder: Annotated[str, ArgKind(complete=_folders, rest=True)] = "",
    *,
    force: bool = False,
) -> Outcome:
    """Save files that code made: number WHICH, all, or those of the last reply that made any.

    They go into FOLDER, or where chatrepl was started, and never over another file. The numbers are
    those of /files; more than 100 MB is asked about first.
    """
    ids = _made(session)
    numbers = _chosen(session, ids, which)
    target = Path(plain_path(folder)) if folder else Path()
    if kind_at(target) != "folder":
        raise UsageError(f"There is no folder {folder}.")
    return Job("Downloading", lambda: _weighed(session, ids, numbers, target, force=force))


def _chosen(session: Session, ids: Sequence[str], which: str) -> list[int]:
    """Give the numbers of the files that are meant."""
    if which == "all":
        return [*range(1, len(ids) + 1)]
    if not which:
        last = next(made for turn in reversed(session.conversation.path()) if (made := _of(turn)))
        return [ids.index(id_) + 1 for id_ in last]
    if re.fullmatch(r"[0-9]{1,6}", which) and 0 < int(which) <= len(ids):
        return [int(which)]
    there = f"there are 1 to {len(ids)}, or all" if len(ids) > 1 else "there is 1 alone"
    raise UsageError(f"There is no file {which}: {there}.")


def _weighed(
    session: Session, ids: Sequence[str], numbers: Sequence[int], folder: Path, *, force: bool
) -> Outcome:
    """Save files; ask first where they are large."""
    entries = _described(session, ids, numbers)
    size = sum(entry.size or 0 for _, entry in entries if isinstance(entry, MadeFile))

    def save() -> Outcome:
        return Several(tuple(_saved(session, entries, folder)))

    if size <= ASK_BYTES or force:
        return save()
    count = f"{len(entries)} files" if len(entries) > 1 else "the file"
    words = f"Download {count}, {size_words(size)}? y: save · N: save nothing"
    return Confirm(None, lambda: Job("Downloading", save), words, "Nothing was saved.")


def _saved(session: Session, entries: Sequence[_Numbered], folder: Path) -> Iterator[Outcome]:
    from chatrepl.storage.downloads import harmless, save_new

    for number, entry in entries:
        try:
            if isinstance(entry, ChatreplError):
                raise entry
            if not entry.given:
                raise UsageError(f"{entry.name} is not given out by the service.")
            name = harmless(entry.name, f"file-{number}")
            path = save_new(folder, name, _filler(_store(session), entry.id))
            yield Notice(f"Saved {path} · {size_words(path.stat().st_size)}")
        except ChatreplError as error:
            yield Notice(f"File {number}: {error.message}", "warning")


def _filler(store: FileStore, id_: str) -> Callable[[Callable[[bytes], None]], None]:
    return lambda write: store.fetch(id_, write)


def _made(session: Session) -> tuple[str, ...]:
    ids = made_in(session.conversation)
    if not ids:
        raise UsageError("No file was made in this conversation.", "/code on lets code make them.")
    return ids


def _store(session: Session) -> FileStore:
    store = session.edges.files()
    if store is None:
        raise UsageError("The service is out of reach from here.")
    return store


def _described(session: Session, ids: Sequence[str], numbers: Sequence[int]) -> list[_Numbered]:
    """Ask what the files of those numbers are."""
    entries = _store(session).about([ids[number - 1] for number in numbers])
    return [*zip(numbers, entries, strict=True)]


def _of(turn: Turn) -> tuple[str, ...]:
    replies = (message for message in turn.messages if message.role == "assistant")
    return files_made(block for message in replies for block in message.content)


def made_lines(session: Session, turn: Turn) -> Iterator[str]:
    """Name the files that a reply made, each with what saves it."""
    made = _of(turn)
    ids = made_in(session.conversation) if made else ()
    numbers = [ids.index(id_) + 1 for id_ in made if id_ in ids]
    if not numbers or session.edges.files() is None:
        return
    for number, entry in _described(session, ids, numbers):
        line = entry.line if isinstance(entry, MadeFile) else ids[number - 1]
        yield f"file made: {line} (/download {number})"
