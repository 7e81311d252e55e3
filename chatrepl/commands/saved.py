"""Commands about saved conversations: name, open, list, search, delete, export, import."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

from chatrepl.api.headstart.headers import api_version
from chatrepl.api.outgoing import beta_header, streaming
from chatrepl.attachments.safe_read import open_regular, plain_path
from chatrepl.commands.beside import place_of
from chatrepl.commands.picking import choose, deleted, numbered
from chatrepl.commands.registry import ArgKind, Offers, Rest, command
from chatrepl.commands.staging import paths
from chatrepl.commands.tree import goto
from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.errors import AttachmentError, StorageError, UsageError
from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.foreign_json import omissions
from chatrepl.core.outcome import Confirm, Exactly, Notice, Outcome, Page, Several
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.excerpts import reply_text
from chatrepl.core.talk.markdown import passages
from chatrepl.core.talk.sheet import Sheet
from chatrepl.pages.saved_list import none_saved, saved_list, when
from chatrepl.session.beside import turns_beside
from chatrepl.session.next_on_disk import bring_back
from chatrepl.session.session import Session
from chatrepl.session.situation import request_again
from chatrepl.session.title import title
from chatrepl.storage.export import (
    Call,
    to_curl,
    to_json,
    to_markdown,
    to_python,
)
from chatrepl.storage.files import kind_at, write_new
from chatrepl.storage.importing import read_messages, uncited
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import SavedEntry, find, list_entries
from chatrepl.storage.saved import checked_name, reopen

MOST_LISTED: Final = 30
MOST_OFFERED: Final = 10
LEAST_SOUGHT: Final = 3  # fewer letters are in everything
MOST_IMPORT_BYTES: Final = 64_000_000
TAIL_TURNS: Final = 2
_UNCITED: Final = "Citations in messages of yours were left out: the service takes none there."
_OURS: Final = frozenset({"cache_control", "diagnostics"})  # of use to this chat alone
_ENDINGS: Final = {"md": "md", "json": "json", "html": "html", "curl": "sh", "python": "py"}


def _names(session: Session, text: str) -> Iterable[tuple[str, str]]:
    entries = list_entries(session.edges.library, MOST_LISTED)
    return ((e.name or e.id, _meaning(e)) for e in entries if (e.name or e.id).startswith(text))


def _holding(session: Session, text: str) -> Iterable[tuple[str, str]]:
    """Search all conversations as the words are typed; what is found can be taken over."""
    if len(text.strip()) < LEAST_SOUGHT:
        return _names(session, text)
    from chatrepl.storage.search import search as search_all  # seldom asked for

    hits = search_all(session.edges.library, text, MOST_OFFERED)
    places = {h.entry.id: (h.entry.label, f"{h.before}{h.found}{h.after}") for h in hits}
    return places.values()


def _meaning(entry: SavedEntry) -> str:
    return " · ".join(filter(None, (when(entry.when), entry.title)))


SavedName = Annotated[str, ArgKind(complete=_names, rest=True)]
SavedQuery = Annotated[str, ArgKind(complete=_holding, rest=True)]
ImportPath = Annotated[str, ArgKind(complete=paths, rest=True)]


def _format_of(file: str) -> str:
    """Tell a format by a file's ending; empty where that tells none."""
    ending = Path(file).suffix.removeprefix(".").casefold()
    return next((format_ for format_, usual in _ENDINGS.items() if usual == ending), "")


def _format_or_file(word: str) -> str:
    is_quoted = word.startswith(("'", '"'))  # a file's name with a blank in it
    if word not in _ENDINGS and not is_quoted and not _format_of(word):
        raise ValueError(word)
    return word


def _formats(session: Session, text: str) -> Offers:
    named = (format_ for format_ in _ENDINGS if format_.startswith(text))
    files = (pair for pair in paths(session, text) if text and " " not in pair[0])
    return (*named, *(pair for pair in files if pair[0].endswith("/") or _format_of(pair[0])))


Format = Annotated[str, ArgKind(parse=_format_or_file, complete=_formats, values=tuple(_ENDINGS))]


@command("save", group="saved")
def save(session: Session, name: Rest = "") -> Outcome:
    """Give the conversation a name, or tell whether and where it is saved.

    Conversations are saved as they happen; a name makes one easy to find.
    """
    recorder = session.recorder
    if isinstance(recorder, Journal):
        if name:
            recorder.rename(checked_name(session.edges.library, name, recorder.id))
        if not recorder.unsaved:
            called = f"This conversation is called {recorder.name} now."
            return Notice(called if name else _kept(recorder))
    why = recorder.unsaved or "saving is off (save = false)"
    raise StorageError(f"This conversation is not being saved: {why}.", "/export writes it.")


def _kept(recorder: Journal) -> str:
    since = "" if recorder.path.exists() else " with its next message"
    named = f" as {recorder.name}" if recorder.name else ""
    return f"This conversation is saved{since}{named}: {recorder.id}. /save NAME names it."


@command("load", "resume", group="saved")
def load(session: Session, name: SavedName = "") -> Outcome:
    """Go on with a saved conversation: its name, its id, or the beginning of either.

    Without NAME choose one from the list, where you can also rename and delete them. A number
    after NAME goes to that turn. The one that is open stays saved, and /undo returns to it.
    """
    if not name:
        return choose(session, lambda entry: _opened(session, entry), "load")
    if (entry := numbered(session, name)) is not None:
        return _opened(session, entry)
    entry, turn = _wanted(session.edges.library, name)
    if not turn:
        return _opened(session, entry)
    newest = _opened(session, entry)
    try:
        return Several((newest, goto(session, turn)))
    except UsageError as error:  # the conversation is open all the same
        return Several((newest, Notice(f"{error.message} {error.hint}", "warning")))


def _wanted(library: Path | None, name: str) -> tuple[SavedEntry, str]:
    """Find the conversation that is meant, and the place in it; a name may end in a number."""
    words, _, turn = name.rstrip().rpartition(" ")
    if not words or not turn.isalnum():
        return find(library, name), ""
    try:
        return find(library, name), ""
    except StorageError as error:
        try:
            return find(library, words), turn
        except StorageError:
            raise error from None


def _opened(session: Session, entry: SavedEntry) -> Outcome:
    if entry.id == session.recorder.id:
        return Notice(f"{entry.label} is open already.")
    if session.reopen(entry.id):
        return tail(session, entry, ())
    opened = reopen(entry)
    session.open(opened.conversation, opened.recorder)
    back = bring_back(session)
    newest = tail(session, entry, opened.notes)
    return Several((newest, Notice(back))) if back else newest


def tail(session: Session, entry: SavedEntry, notes: Sequence[str]) -> Outcome:
    """Show where a conversation stands that was just opened: its last turns, and what to know."""
    path = session.conversation.path()
    head = Notice(f"{entry.label} · {_turns(len(path))} · {when(entry.when)}")
    warnings = (Notice(note, "warning") for note in notes)
    cite = session.settings.cite
    return Several((head, *(_shown(turn, cite=cite) for turn in path[-TAIL_TURNS:]), *warnings))


def _shown(turn: Turn, *, cite: bool) -> Outcome:
    asked = "\n\n".join(block.to_markdown() for block in turn.question)
    quoted = "\n".join(f"> {line}" for line in asked.splitlines())
    content = turn.assistant.content if turn.assistant is not None else ()
    parts = [part.to_markdown() for part in passages(content, cite=cite) if part.kind != "thinking"]
    text = reply_text(turn)
    replied = text if text != turn.text else "\n\n".join(parts)
    return Page(f"{quoted}\n\n{replied}")


@command("sessions", group="saved")
def sessions(session: Session, query: SavedQuery = "") -> Outcome:
    """List the saved conversations, the newest first; QUERY keeps those that hold it.

    While QUERY is typed, the conversations that hold it are offered with the place.
    """
    from chatrepl.storage.search import look_up  # seldom asked for

    entries = look_up(session.edges.library, query)
    if not entries:
        return Notice(none_saved(query))
    more = max(0, len(entries) - MOST_LISTED)
    footer = f"{more} more; /sessions QUERY narrows it down." if more else "/load NAME opens one."
    return replace(saved_list(entries[:MOST_LISTED]), footer=footer)


@command("search", group="saved")
def search(session: Session, text: Rest) -> Outcome:
    """Find TEXT in this conversation and in all saved ones, with the turns where it stands.

    /goto TURN goes there in this one, /load NAME TURN opens another one there.
    """
    from chatrepl.pages.found import find_all, found_list, jumps  # seldom asked for

    beside = turns_beside(session.recorder.facts)
    finds = find_all(session.conversation, session.edges.library, text, session.recorder.id, beside)
    if not finds:
        return Notice(f"{text} was not found in any conversation.")
    more = max(0, len(finds) - MOST_LISTED)
    footer = " · ".join(filter(None, (*jumps(finds), f"{more} more conversations" if more else "")))
    return replace(found_list(finds[:MOST_LISTED], text), footer=footer)


@command("delete", group="saved")
def delete_(session: Session, name: SavedName = "", *, force: bool = False) -> Outcome:
    """Delete a saved conversation for good. This cannot be undone.

    Without NAME choose one from the list.
    """
    if not name:
        return choose(session, lambda entry: _delete(session, entry, force=force), "delete")
    entry = numbered(session, name) or find(session.edges.library, name)
    return _delete(session, entry, force=force)


def _delete(session: Session, entry: SavedEntry, *, force: bool) -> Outcome:
    if force or entry.id == session.recorder.id:  # of the open one, it says why not
        return Notice(deleted(session, entry))
    preview = Notice(f"{entry.label} · {_turns(entry.turns)} · {when(entry.when)}", "warning")
    question = f"Delete {entry.label} ({_turns(entry.turns)}) for good? y: delete · N: keep"
    return Confirm(preview, lambda: Notice(deleted(session, entry)), question)


@command("export", group="saved")
def export(
    session: Session,
    format_: Format = "md",
    file: ImportPath = "",
    *,
    force: bool = False,
) -> Outcome:
    """Write the conversation as Markdown, JSON, HTML, or as a curl or Python request.

    Without FILE it is printed; html, which is for a browser, is written where you are, under the
    conversation's id. FILE alone tells the format by its ending. md and html hold all turns, json
    what would be sent; curl and python ask the last question again, without what only this chat
    needs. No format holds a key.
    """
    if format_ not in _ENDINGS:
        file = " ".join(filter(None, (format_, file)))
        format_ = _format_of(plain_path(file))
        if not format_:
            raise UsageError(
                f"The ending of {file} is of no format.",
                f"One of {', '.join(_ENDINGS)} goes before it.",
            )
    text, extent = exported(session, format_), extent_of(session, format_)
    if not file and format_ != "html":
        return Several((Exactly(text), Notice(extent))) if extent else Exactly(text)
    path = Path(plain_path(file))
    if kind_at(path) == "folder":
        path /= f"{session.recorder.id or 'conversation'}.{_ENDINGS[format_]}"

    def write(*, overwrite: bool) -> Outcome:
        try:
            write_new(path, text, overwrite=overwrite)
        except FileExistsError as error:
            if overwrite:
                raise UsageError(f"{path} was not written: a folder is called so.") from error
            question = f"{path} exists. y: overwrite · N: keep the old file"
            return Confirm(None, lambda: write(overwrite=True), question)
        return Notice(" ".join(filter(None, (f"The conversation was written to {path}.", extent))))

    return write(overwrite=force)


def exported(session: Session, format_: str, name: str = "") -> str:
    """Write the conversation in a format. Raises UsageError where nothing has been said.

    `name` is its own, where it is not recorded here.
    """
    if not session.conversation.path():
        raise UsageError("There is nothing to export yet.")
    if format_ in {"md", "html"}:
        sheet = _sheet(session, name)
        return to_markdown(sheet) if format_ == "md" else session.edges.page(sheet)
    if format_ == "json":
        return to_json(session.request(None).body())
    request = _last_request(session).without(_OURS)
    base_url = session.settings.base_url or OFFICIAL
    call = Call(base_url, _headers(session, request), session.edges.proof())
    if format_ == "python":
        return to_python(request.body(), call)
    return to_curl(streaming(request), api_version(), call)


def _sheet(session: Session, name: str) -> Sheet:
    """Put together what is exported for people: all turns, whether they are sent or not."""
    path, state = session.conversation.path(), session.conversation.state
    begun, ended = when(path[0].created), when(path[-1].created)
    branch = next((name for name, at in state.branches.items() if at == state.head), "")
    dated = begun if ended[:10] == begun[:10] else f"{begun} to {ended}"
    about = " · ".join(filter(None, (dated, _turns(len(path)), branch and f"branch {branch}")))
    heading = name or title(session) or "Conversation"
    turns = session.conversation.turns
    beside = [
        (place_of(session, turn), turn)
        for turn in turns_beside(session.recorder.facts)
        if turn.id not in turns
    ]
    return Sheet(path, heading, state.system, session.settings.cite, about, beside)


def extent_of(session: Session, format_: str) -> str:
    """Say how much of the conversation a format holds, where that is not all of it."""
    path = session.conversation.path()
    sent = sum(is_sent(turn, session.conversation) for turn in path)
    if format_ in {"md", "html"} or sent == len(path):
        return ""
    return f"Written: {sent} of {_turns(len(path))}, what would be sent; md and html hold all."


def _headers(session: Session, request: Request) -> Mapping[str, str]:
    headers = {**session.edges.added(), **session.settings.headers}
    betas = beta_header(request, headers)
    return {name: text for name, text in headers.items() if name.lower() not in betas} | betas


def _last_request(session: Session) -> Request:
    """Give the request that asks the last question: what runs must not end with a reply."""
    turn = session.conversation.path()[-1]
    if turn.user is None:
        return session.request(None)
    return request_again(session, turn, replace(turn.user, content=turn.question))


@command("import", group="saved")
def import_(session: Session, file: ImportPath) -> Outcome:
    """Open a conversation from a JSON file: our own export, or a plain list of messages."""
    path = plain_path(file)
    try:
        with open_regular(path) as source:
            data = source.read_all(MOST_IMPORT_BYTES)
    except AttachmentError as error:
        why = error.message.replace(" cannot be attached: ", " cannot be imported: ")
        raise UsageError(why, error.hint) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    read = read_messages(text, path, session.edges.clock())
    conversation = uncited(read.conversation)
    session.open(conversation, session.edges.new_recorder())
    session.change(conversation)
    turns = _turns(len(conversation.path()))
    remarks = [f"{path} is open, with {turns}. /undo returns to the one before."]
    if conversation is not read.conversation:
        remarks.append(_UNCITED)
    if read.left_out:
        remarks.append(omissions(read.left_out))
    return Notice(" ".join(remarks))


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"
