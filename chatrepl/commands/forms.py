"""Commands about replies of a given form: /schema and /choose."""

from collections.abc import Callable, Iterable
from typing import Annotated

from chatrepl.attachments.safe_read import plain_path
from chatrepl.commands.cost import cooled
from chatrepl.commands.registry import ArgKind, Offers, command
from chatrepl.commands.staging import paths
from chatrepl.config.file import read_text
from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.core.outcome import Notice, Outcome, Page
from chatrepl.core.wire import encode
from chatrepl.pages.reply_form import check_of, choice_form, schema_form
from chatrepl.session.session import Session


def _schemas(session: Session, text: str) -> Offers:
    return (*(word for word in ("clear",) if word.startswith(text)), *paths(session, text))


@command("schema", group="next reply")
def schema(
    session: Session, schema: Annotated[str, ArgKind(complete=_schemas, rest=True)] = ""
) -> Outcome:
    """Ask for replies that satisfy a JSON SCHEMA: a file, or the JSON itself. `clear` ends it.

    The service enforces what it can of the schema; the whole of it is held against each reply, and
    the first violation is told. Without an argument the schema in force is shown.
    """
    text = schema.strip()
    if text == "clear":
        return _cleared(session)
    if not text:
        return _shown(session.next.form)
    lost = _use(session, lambda: schema_form(text, "/schema", _read))
    how = _how(session)
    return Notice(f"Replies are to satisfy the schema. {how} /schema clear ends it.{lost}")


def _use(session: Session, read: Callable[[], Form | None]) -> str:
    try:
        form = read()
    except UsageError as error:
        error.hint = error.hint.replace(SAFE, "The form of replies is as it was.")
        raise
    return cooled(session, lambda: session.prepare(form=form))


def _read(name: str, most: int) -> str:
    return read_text(plain_path(name), most)


def _cleared(session: Session) -> Outcome:
    return Notice(f"Replies have no given form any more.{_use(session, lambda: None)}")


def _shown(form: Form | None) -> Outcome:
    if form is None:
        return Notice("Replies have no given form. /schema FILE sets one.")
    if form.choices:
        return Notice(f"Replies are one of {_listed(form)}. /choose clear ends it.")
    return Page(f"```json\n{encode(dict(form.whole or form.schema or {}))}\n```\n")


def _listed(form: Form | None) -> str:
    return ", ".join(form.choices if form is not None else ())


def _how(session: Session) -> str:
    form = session.next.form
    enforced = form is not None and form.schema and session.model.structured
    return "The service enforces it." if enforced else "The model is asked to follow it."


def _choices(session: Session, text: str) -> Iterable[str]:
    del session
    return (word for word in ("clear",) if word.startswith(text))


@command("choose", group="next reply")
def choose(session: Session, *choices: Annotated[str, ArgKind(complete=_choices)]) -> Outcome:
    """Ask for replies that are exactly one of CHOICES; `clear` ends it."""
    if not choices:
        return _shown(session.next.form)
    if choices == ("clear",):
        return _cleared(session)
    lost = _use(session, lambda: choice_form(choices, "/choose"))
    return Notice(f"Replies are one of {_listed(session.next.form)}. /choose clear ends it.{lost}")


def complaint(form: Form | None, text: str) -> str:
    """Say where a reply first departs from the form that was asked for; empty where it fits."""
    if form is None or not text.strip():
        return ""
    try:
        _, value = form.read(text)
    except ValueError:
        return f"The reply is not {'one of the choices' if form.choices else 'valid JSON'}."
    check = check_of(form)
    return "" if check is None else check(value) or ""


def bare_choice(form: Form | None, text: str) -> str:
    """Give the choice that a reply wraps up; empty where it stands there as it is, or is none."""
    if form is None or not form.choices:
        return ""
    try:
        choice, _ = form.read(text)
    except ValueError:
        return ""
    return "" if choice == text.strip() else choice
