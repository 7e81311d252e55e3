"""Commands about saved conversations: name, open, list, search, delete, export, import."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

from chatrepl.api.headstart.headers import api_version
from chatrepl.api.outgoing import beta_header, streaming
from chatrepl.attachments.safe_read import open_regular, plain_path
from chatrepl.commands.registry import ArgKind, Rest, command
from chatrepl.commands.staging import paths
from chatrepl.core.errors import AttachmentError, StorageError, UsageError
from chatrepl.core.exchange.request import Request
from chatrepl.core.foreign_json import omissions
from chatrepl.core.outcome import Confirm, Exactly, Notice, Outcome, Page, Several, Table
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.excerpts import reply_text
from chatrepl.core.talk.markdown import passages
from chatrepl.pages.saved_list import none_saved, saved_list, when
from chatrepl.session.next_on_disk import bring_back
from chatrepl.session.session import Session
from chatrepl.storage.export import (
    BASE_URL,
    Call,
    Sheet,
    to_curl,
    to_html,
    to_json,
    to_markdown,
    to_python,
)
from chatrepl.storage.files import write_new
from chatrepl.storage.importing import read_messages, uncited
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import SavedEntry, delete, find, list_entries, look_up
from chatrepl.storage.library import search as search_all
from chatrepl.storage.saved import checked_name, reopen

MOST_LISTED: Final = 30
MOST_OFFERED: Final = 10
LEAST_SOUGHT: Final = 3  # fewer letters are in everything
MOST_IMPORT_BYTES: Final = 64_000_000
TAIL_TURNS: Final = 2
_UNCITED: Final = "Citations in messages of yours were left out: the service takes none there."
Format = Literal["md", "json", "html", "curl", "python"]
_ENDINGS: Final = {"md": "md", "json": "json", "html": "html", "curl": "sh", "python": "py"}


def _names(session: Session, text: str) -> Iterable[tuple[str, str]]:
    entries = list_entries(session.edges.library, MOST_LISTED)
    return ((e.name or e.id, _meaning(e)) for e in entries if (e.name or e.id).startswith(text))


def _holding(session: Session, text: str) -> Iterable[tuple[str, str]]:
    """Search all conversations as the words are typed; what is found can be taken over."""
    if len(text.strip()) < LEAST_SOUGHT:
        return _names(session, text)
    hits = search_all(session.edges.library, text, MOST_OFFERED)
    places = {h.entry.id: (h.entry.label, f"{h.before}{h.found}{h.after}") for h in hits}
    return places.values()


def _meaning(entry: SavedEntry) -> str:
    return " · ".join(filter(None, (when(entry.when), entry.title)))


SavedName = Annotated[str, ArgKind(complete=_names, rest=True)]
SavedQuery = Annotated[str, ArgKind(complete=_holding, rest=True)]
ImportPath = Annotated[str, ArgKind(complete=paths, rest=True)]


@command("save", group="saved")
def save(session: Session, name: Rest = "") -> Outcome:
    """Give the conversation a name, or tell whether and where it is saved.

    Conversations are saved as they happen; a name makes one easy to find.
    """
    recorder = session.recorder
    if not isinstance(recorder, Journal):
        why = recorder.unsaved or "saving is off (save = false)"
        raise StorageError(f"This conversation is not being saved: {why}.", "/export writes it.")
    if not name:
        named = f" as {recorder.name}" if recorder.name else ""
        return Notice(f"This conversation is saved{named}: {recorder.id}. /save NAME names it.")
    recorder.rename(checked_name(session.edges.library, name, recorder.id))
    return Notice(f"This conversation is called {recorder.name} now.")


@command("load", "resume", group="saved")
def load(session: Session, name: SavedName) -> Outcome:
    """Go on with a saved conversation: its name, its id, or the beginning of either.

    The one that is open stays saved, and /undo returns to it.
    """
    entry = find(session.edges.library, name)
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
    entries = look_up(session.edges.library, query)
    if not entries:
        return Notice(none_saved(query))
    more = max(0, len(entries) - MOST_LISTED)
    footer = f"{more} more; /sessions QUERY narrows it down." if more else "/load NAME opens one."
    return replace(saved_list(entries[:MOST_LISTED]), footer=footer)


@command("search", group="saved")
def search(session: Session, text: Rest) -> Outcome:
    """Find TEXT in all saved conversations."""
    hits = search_all(session.edges.library, text, MOST_LISTED)
    if not hits:
        return Notice(f"{text} was not found in any saved conversation.")
    rows = tuple((h.entry.label, h.role, f"{h.before}{h.found}{h.after}") for h in hits)
    return Table(("conversation", "who", "where"), rows, footer="/load NAME opens one.")


@command("delete", group="saved")
def delete_(session: Session, name: SavedName, *, force: bool = False) -> Outcome:
    """Delete a saved conversation for good. This cannot be undone."""
    entry = find(session.edges.library, name)
    if entry.id == session.recorder.id:
        raise UsageError("That conversation is open.", "Delete it from the next chat.")
    if entry.id in {recorder.id for _, recorder in session.shelf.all}:
        raise UsageError(
            f"{entry.label} was open in this chat, and /undo returns to it.",
            "Delete it from the next chat.",
        )

    def apply() -> Outcome:
        delete(entry)
        return Notice(f"{entry.label} is deleted.")

    if force:
        return apply()
    preview = Notice(f"{entry.label} · {_turns(entry.turns)} · {when(entry.when)}", "warning")
    question = f"Delete {entry.label} ({_turns(entry.turns)}) for good? y: delete · N: keep"
    return Confirm(preview, apply, question)


@command("export", group="saved")
def export(
    session: Session,
    format_: Format = "md",
    file: ImportPath = "",
    *,
    force: bool = False,
) -> Outcome:
    """Write the conversation as Markdown, JSON, HTML, or as a curl or Python request.

    Without FILE it is printed. json, curl and python hold exactly what would be sent; no format
    holds a key.
    """
    if not session.conversation.path():
        raise UsageError("There is nothing to export yet.")
    text = _exported(session, format_)
    if not file:
        return Exactly(text)
    path = Path(plain_path(file))
    if path.is_dir():
        path /= f"{session.recorder.id or 'conversation'}.{_ENDINGS[format_]}"

    def write(*, overwrite: bool) -> Outcome:
        write_new(path, text, overwrite=overwrite)
        return Notice(f"The conversation was written to {path}.")

    if path.exists() and not force:
        question = f"{path} exists. y: overwrite · N: keep the old file"
        return Confirm(None, lambda: write(overwrite=True), question)
    return write(overwrite=force)


def _exported(session: Session, format_: Format) -> str:
    conversation = session.conversation
    if format_ in {"md", "html"}:
        name = session.recorder.name if isinstance(session.recorder, Journal) else ""
        title, cite = name or "Conversation", session.settings.cite
        sheet = Sheet(conversation.path(), title, conversation.state.system, cite)
        return to_markdown(sheet) if format_ == "md" else to_html(sheet)
    if format_ == "json":
        return to_json(session.request(None).body())
    request = _last_request(session)
    base_url = session.settings.base_url or BASE_URL
    call = Call(base_url, _headers(session, request), session.edges.proof())
    if format_ == "python":
        return to_python(request.body(), call)
    return to_curl(streaming(request), api_version(), call)


def _headers(session: Session, request: Request) -> Mapping[str, str]:
    headers = {**session.edges.added(), **session.settings.headers}
    betas = beta_header(request, headers)
    return {name: text for name, text in headers.items() if name.lower() not in betas} | betas


def _last_request(session: Session) -> Request:
    """Give the request that asks the last question: what runs must not end with a reply."""
    turn = session.conversation.path()[-1]
    if turn.user is None:
        return session.request(None)
    return session.request_again(turn, replace(turn.user, content=turn.question))


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
