"""Commands of the user's own: run, listed, told about, written."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from chatrepl.attachments.attach import Attachment, load
from chatrepl.attachments.caution import ELSEWHERE, LIKE_A_KEY, cautions
from chatrepl.attachments.limits import check_request, limits_of
from chatrepl.attachments.safe_read import plain_path, shown
from chatrepl.attachments.urls import is_url
from chatrepl.commands.registry import REGISTRY
from chatrepl.config.file import read_text
from chatrepl.config.load import set_value
from chatrepl.config.own_commands import MOST_BYTES, beside
from chatrepl.core.errors import SAFE, AttachmentError, ConfigError, StorageError, UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.core.front_matter import seems_open
from chatrepl.core.outcome import Confirm, Edit, Notice, Outcome, Page, Say, Several, Table
from chatrepl.core.own_command import NAME, OwnCommand, OwnSource, all_of, arguments
from chatrepl.core.rows import parse_columns
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import USUAL_SYSTEM
from chatrepl.core.words import hidden_words
from chatrepl.pages.reply_form import choice_form, rows_form, schema_form
from chatrepl.session.session import Session
from chatrepl.storage.files import replace_file
from chatrepl.storage.paths import make_folder

_MOST_NAMED: Final = 6
_ONCE: Final = "Use them? y: use them, as long as they stay as they are · N: leave them"
EXAMPLE: Final = """\
---
description: What this command does, in a few words
argument-hint: "[FOCUS]"
# In the text below, $1 is the first argument and ${1:-x} has a default, $@ are all of them and
# ${@:2} all from the second; @FILE attaches a file; {{stdin}} is what a pipe brings:
# git diff | chatrepl -T NAME. What follows holds for the one message; take its # away.
# model: haiku
# effort: low
# system: You review code. Be brief.
# prefill: "1. "
# choose: [yes, no]
# schema: name, age int
# attach: [style.md]
---
Go through what was said so far, with an eye on ${1:-mistakes}.
"""


def run_own(session: Session, name: str, rest: str, typed: str) -> Outcome:
    """Send what a command of the user's own says. Raises ChatreplError.

    One that waits to be agreed to is asked about first.
    """
    source = _source(session)
    if name not in source.names():
        return _asked(source, lambda: run_own(session, name, rest, typed))
    own = source.read(name)
    if own.each:
        raise UsageError(f"/{name} asks about many items.", f"chatrepl -T {name} does that.")
    if own.wants_stdin:
        hint = f"In a shell: git diff | chatrepl -T {name}. {SAFE}"
        raise UsageError(f"/{name} takes what a pipe brings, and there is none here.", hint)
    words = arguments(rest)
    (text,) = own.expand(words, all_of(rest, words))
    notices = [Notice(line, "warning") for line in filter(session.announce, remarks(own))]
    what = Notice(" · ".join((f"/{name}", *(f"{key} {value}" for key, value in own.values()))))
    shows = [what] if any(own.values()) else []
    return Several((*notices, *shows, Say(text, typed, lambda: held(session, own))))


def remarks(own: OwnCommand) -> Iterator[str]:
    """Say what of a file does not count here."""
    if own.unknown:
        verb = "have" if own.unknown[1:] else "has"
        yield f"/{own.name}: {', '.join(own.unknown)} {verb} no meaning here."
    if seems_open(own.body):
        yield f"/{own.name}: no {own.body[:3]} ends what stands at its top; all is sent as text."
    if own.shell:
        first = own.shell[0].split("\n")[0][:60]
        yield f"/{own.name}: `{first}` is sent as text; no command of it is run."
    if own.hidden:
        yield f"/{own.name}: {hidden_words(own.hidden)} left out."


@contextmanager
def held(session: Session, own: OwnCommand) -> Iterator[None]:
    """Let what a command says of its message hold, and afterwards what held before."""
    settings, before = session.settings, session.next
    with blaming(own, "model"):
        model = session.named(own.model).id if own.model else settings.model
    system = system_of(own, settings)
    form, files = form_of(own), list[Attachment]()
    session.use(model=model, effort=own.effort or settings.effort)
    try:
        files = _files(session, own)
        session.stage(*files)
        session.prepare(prefill=own.prefill or before.prefill, form=form or before.form)
        with _with_system(session, system):
            yield
    finally:
        session.unstage(*files)
        session.use(model=settings.model, effort=settings.effort)
        if own.prefill:
            session.prepare(prefill=before.prefill)
        if form is not None:
            session.prepare(form=before.form)


@contextmanager
def _with_system(session: Session, system: str) -> Iterator[None]:
    """Let the next message have another system prompt, and those after it the one before."""
    if not system or system == session.system:
        yield
        return
    if session.next.base is not None:
        hint = "Ctrl-C in the empty prompt leaves the edit."
        raise UsageError("A turn is being edited, and this has a system prompt of its own.", hint)
    usual, state = session.system, session.conversation.state
    is_new = not session.conversation.path()
    altered = replace(state, system=system) if is_new else replace(state, next_system=system)
    session.recorder.meta(**{USUAL_SYSTEM: usual})
    session.change(replace(session.conversation, state=altered))
    try:
        yield
    finally:
        after = session.conversation
        if after.state is altered or after.state == altered:
            session.change(replace(after, state=state))
        else:
            past = tuple(state if one == altered else one for one in after.past)
            session.change(replace(after, state=replace(after.state, next_system=usual), past=past))
        session.recorder.meta(**{USUAL_SYSTEM: None})


@contextmanager
def blaming(own: OwnCommand, key: str) -> Iterator[None]:
    """Have what is wrong with the value of a key name the file, and the line that it is in."""
    try:
        yield
    except (UsageError, ConfigError, AttachmentError) as error:
        words = f"{own.where(key)}: {error.message}"
        raise UsageError(words, error.hint or SAFE, exit_code=error.exit_code) from None


def system_of(own: OwnCommand, settings: Settings) -> str:
    """Give the system prompt that a command has. Raises UsageError."""
    if not own.system.startswith("@"):
        return own.system
    path = file_of(own, own.system[1:])
    check_files(own, [path])
    with blaming(own, "system"):
        return set_value(settings, "system", f"@{path}").system


def form_of(own: OwnCommand) -> Form | None:
    """Give the form of the reply that a command asks for, if any. Raises UsageError."""
    if own.choose:
        with blaming(own, "choose"):
            return choice_form(own.choose, "choose")
    if own.rows:
        with blaming(own, "rows"):
            return rows_form(parse_columns(own.rows, "rows"))
    if own.schema:
        with blaming(own, "schema"):
            return schema_form(own.schema, "schema", lambda name, most: _read(own, name, most))
    return None


def _read(own: OwnCommand, name: str, most: int) -> str:
    path = file_of(own, name)
    check_files(own, [path] if Path(path).exists() else [])
    return read_text(path, most)


def _files(session: Session, own: OwnCommand) -> list[Attachment]:
    """Load what a command attaches. Raises ChatreplError."""
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    paths = [file_of(own, path) for path in own.attach]
    check_files(own, paths)
    with blaming(own, "attach"):
        files = [load(path, limits=limits) for path in paths]
    together = (block for item in (*session.next.staged, *files) for block in item.blocks)
    check_request(together, limits=limits)
    return files


def file_of(own: OwnCommand, name: str) -> str:
    """Give the path of a file that a command names: beside its own, else from here."""
    return name if is_url(name) else beside(own, plain_path(name))


def check_files(own: OwnCommand, paths: Iterable[str]) -> None:
    """Refuse what a command of a folder would send and nobody sends lightly. Raises UsageError."""
    for path in paths if own.is_local else ():
        real = path if is_url(path) else plain_path(path)
        doubts = [doubt for doubt in cautions(real) if doubt in {ELSEWHERE, LIKE_A_KEY}]
        if doubts:
            why = ", ".join(doubts)
            raise UsageError(f"/{own.name} would send {shown(path)}, which is {why}.", SAFE)


def _asked(source: OwnSource, then: Callable[[], Outcome]) -> Outcome:
    """Ask whether the commands of a folder are to count; do something where they do."""
    names = source.waiting()
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(f"/{name}" for name in names[:_MOST_NAMED])

    def agreed() -> Outcome:
        source.agree()
        return then()

    text = f"{source.why()}\n{listed}{more}\nThey speak in your name, and may attach files."
    return Confirm(Notice(text), agreed, _ONCE, "Not used.")


def own_help(session: Session, name: str) -> Outcome:
    """Tell all about a command of the user's own."""
    source = _source(session)
    if name not in source.names():
        return _asked(source, lambda: own_help(session, name))
    own = source.read(name)
    values = [f"- {key}: `{value}`" for key, value in own.values()]
    body = "\n".join(f"    {line}" for line in own.body.split("\n"))
    parts = [f"`{own.usage}`", own.summary, "\n".join(values), body, "\n".join(remarks(own))]
    where = f"It stands in `{own.path}`; `/commands edit {name}` opens it."
    return Page("\n\n".join(filter(None, (*parts, where))))


def own_commands(session: Session, how: str | None, name: str) -> Outcome:
    """List the commands of the user's own, or open the file of one in the editor."""
    source = _source(session)
    if how is not None:
        return _write(source, how, name.removeprefix("/").removesuffix(".md"))
    listed = _listed(source)
    if not source.waiting():
        return listed
    return Several((listed, _asked(source, lambda: _listed(source))))


def _listed(source: OwnSource) -> Outcome:
    names = source.names()
    if not names:
        return Notice("You have no commands of your own. /commands new NAME writes one.")
    rows = []
    for name in names:
        takes, does = source.about(name)
        where = "here" if source.is_local(name) else ""
        if REGISTRY.is_ours(name):
            does = f"not used: /{name} is chatrepl's; -T {name} takes it"
        rows.append((f"/{name} {takes}".rstrip(), does, where))
    footer = "/help NAME shows one · /commands edit NAME · /commands new NAME"
    return Table(("command", "does", "where"), tuple(rows), footer=footer)


def _write(source: OwnSource, how: str, name: str) -> Outcome:
    """Open the file of a command in the editor."""
    if not NAME.fullmatch(name):
        usage = f"/commands {how} NAME; letters, digits, - and _ make a name."
        raise UsageError(f"/commands {how} takes the name of a command.", usage)
    if how == "new" and REGISTRY.is_ours(name):
        raise UsageError(f"/{name} is a command of chatrepl's.", "Take another name.")
    is_there = name in source.names()
    if how == "edit" and not is_there:
        raise UsageError(f"There is no command /{name} of your own.", f"/commands new {name}")
    path = Path(source.place(name))
    before = read_text(str(path), MOST_BYTES) if is_there or path.exists() else EXAMPLE

    def then(text: str) -> Outcome:
        if text == before:
            return Notice("Nothing was changed.")
        _keep(path, text)
        source.look_again()
        if name in source.waiting():
            return Notice(f"{path} is written; its folder changed, so /{name} asks once more.")
        try:
            own = source.read(name)
        except UsageError as error:
            return Notice(f"{error.message}\n/commands edit {name} opens it again.", "warning")
        return Notice(f"{own.usage} is in {path}.")

    return Edit(before, then)


def _keep(path: Path, text: str) -> None:
    try:
        make_folder(path.parent)
        replace_file(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


def _source(session: Session) -> OwnSource:
    source = session.edges.own()
    if source is None:
        raise UsageError("There is no place for commands of your own.")
    source.look_again()
    return source
