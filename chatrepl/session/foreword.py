"""What the user should know of the next request: what is not sent, and a model that ends."""

from collections.abc import Iterator
from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.joining import choose_mode, native_text
from chatrepl.core.exchange.params import unsent, wants_thinking
from chatrepl.core.exchange.refused import of_server
from chatrepl.core.models import OWN_TOOLS, Model
from chatrepl.core.talk.blocks import Block, DocumentBlock
from chatrepl.session.service import official
from chatrepl.session.session import Session

_SOON_DAYS: Final = 60
_SHOWN: Final = 40
_FILES: Final = frozenset({"image", "document"})


def foreword(session: Session) -> tuple[str, ...]:
    """Give what is news: what is not sent, once; a model's end, once a day."""
    settings, model = session.settings, session.model
    wanted = unsent(settings, model, official=official(settings))
    files = (*_left_out(session), *_unseen(session))
    lines = (*wanted, *unfit_prefill(session), *files, *_unoffered(session))
    ending = retirement(session)
    return (*filter(session.announce, lines), *((ending,) if ending else ()))


def rules_form(session: Session) -> bool:
    """Tell whether the service itself gives the next reply its form."""
    form = session.next.form
    return form is not None and form.schema is not None and session.model.structured


def unfit_prefill(session: Session) -> Iterator[str]:
    """Say that the form of the reply rules how it begins, where the prefill is none of its."""
    form, prefill = session.next.form, session.next.begins_with
    if prefill.strip() and form is not None and rules_form(session) and not form.fits(prefill):
        why = "none of the choices begins so" if form.choices else "the schema rules the beginning"
        yield f"The prefill {prefill[:_SHOWN]!r} is not sent: {why}."


def clash(session: Session) -> str:
    """Say that the model takes no prefill where it thinks, and both are wanted; else nothing."""
    thinking = wants_thinking(session.settings, session.model)
    try:
        if native_text(session.next.begins_with):
            choose_mode(session.model, schema=rules_form(session), thinking=thinking)
    except UsageError as error:
        return f"{error.message} {error.hint}"
    return ""


def _left_out(session: Session) -> Iterator[str]:
    """Say which files of earlier turns are not sent, because this server takes none of them."""
    refused = _FILES & of_server(session.model.refused).types
    if not refused:
        return
    types = sorted(refused & {block.type for block in _blocks(session)})
    if types:
        yield f"Not sent again, since this server takes none of earlier turns: {', '.join(types)}."


def _unseen(session: Session) -> Iterator[str]:
    """Say that a PDF may get lost on its way to a model of somebody else's."""
    if session.model.documents:
        return
    blocks = (*_blocks(session), *(item.block for item in session.next.staged))
    if any(isinstance(block, DocumentBlock) and block.is_pdf for block in blocks):
        yield f"{session.model.id} may not see the PDF: some servers leave PDFs out without a word."


def _blocks(session: Session) -> Iterator[Block]:
    return (b for turn in session.conversation.path() for m in turn.messages for b in m.content)


def _unoffered(session: Session) -> Iterator[str]:
    if session.bench is not None and OWN_TOOLS in session.model.refused:
        yield f"Tools are not offered: {session.model.id} takes none."


def retirement(session: Session) -> str:
    """Say, once a day, that the model in use ends within two months or has ended; else nothing."""
    model = session.model
    if not model.retires_at:
        return ""
    from datetime import UTC, datetime

    days = model.days_left(datetime.fromtimestamp(session.edges.clock(), UTC).date())
    if days is None or days > _SOON_DAYS or not session.announce(f"{model.id} ends"):
        return ""
    return _ending(model, days) if session.edges.first_today(model.id) else ""


def _ending(model: Model, days: int) -> str:
    left = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}"
    when = f"ended on {model.lasts}" if days < 0 else f"ends {left}, on {model.lasts}"
    return f"{model.id} {when}. /models lists what there is."
