"""What is set for the next message, on disk: kept beside the conversation, and brought back.

Prefills, staged files, the form of replies, and the model that the chat chose. To keep another such
thing, add it to `to_record` and `from_record`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chatrepl.attachments.attach import AttachedBlock, Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.exchange.form import Form
from chatrepl.session.next_message import NextMessage
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.records import DamagedError, block_from_record, text


def keep_unsent(session: Session) -> None:
    """Write down what is set for the next message, as far as it has changed."""
    for conversation, recorder in session.shelf.all:
        if isinstance(recorder, Journal):  # what was staged came along to the open one
            recorder.beside(conversation, {"prefill": ""}, ())
    recorder, conversation = session.recorder, session.conversation
    if isinstance(recorder, Journal):
        # Before the first turn there is no file; what is staged then goes out with that turn.
        staged = map(_wire, session.next.staged if conversation.turns else ())
        fields = to_record(session.next) | {"model": _chosen_model(session)}
        recorder.beside(conversation, fields, tuple(staged))


def _chosen_model(session: Session) -> str:
    usual = session.loaded.settings.model if session.loaded is not None else ""
    chosen = session.settings.model
    return chosen if usual not in {"", chosen} else ""


def bring_back(session: Session, *, model: bool = True) -> str:
    """Set what the open conversation's file says of it; say in one line what is back.

    What is set already stays; `model` tells whether the model may change.
    """
    if not isinstance(session.recorder, Journal):
        return ""
    facts = session.recorder.facts
    saved = from_record(facts, session.recorder.staged)
    back = list(_words(session.next, saved))
    session.next = session.next.filled(saved)
    chosen = facts.get("model")
    if model and isinstance(chosen, str) and chosen and chosen != session.settings.model:
        session.use(model=chosen)
        back.append(f"the model {chosen}")
    if not back:
        return ""
    listed = ", ".join(back[:-1]) + (" and " if back[1:] else "") + back[-1]
    is_one = len(back) == 1 and len(saved.staged) < 2 and back[0] != "the choices"
    return f"{listed[:1].upper()}{listed[1:]} {'is' if is_one else 'are'} back."


def _words(now: NextMessage, saved: NextMessage) -> Iterator[str]:
    """Name what comes back of `saved`: what is set `now` stays."""
    count = len(saved.staged)
    if count:
        yield "1 attached file" if count == 1 else f"{count} attached files"
    if saved.prefill and not now.prefill:
        yield "the prefill"
    if saved.pinned_prefill and not now.pinned_prefill:
        yield "the pinned prefill"
    if saved.form is not None and now.form is None:
        yield "the choices" if saved.form.choices else "the schema"


def to_record(message: NextMessage) -> dict[str, Any]:
    """Write what is set, but for the staged files, which the journal holds once each."""
    form = message.form
    return {
        "prefill": message.prefill,
        "pinned_prefill": message.pinned_prefill,
        "form": None
        if form is None
        else {"schema": form.schema, "choices": list(form.choices), "whole": form.whole},
    }


def from_record(facts: Mapping[str, Any], staged: Iterable[Mapping[str, Any]]) -> NextMessage:
    """Read what was set; of what is damaged nothing is."""
    begins = [facts.get(key) for key in ("prefill", "pinned_prefill")]
    prefill, pinned = (begin if isinstance(begin, str) else "" for begin in begins)
    files = tuple(filter(None, map(_attachment, staged)))
    return NextMessage(files, prefill, pinned, _form(facts.get("form")))


def _form(wire: Any) -> Form | None:
    """Read a form; one that is damaged is none."""
    if not isinstance(wire, dict):
        return None
    schema, choices, whole = wire.get("schema"), wire.get("choices"), wire.get("whole")
    if not isinstance(schema, dict | None) or not isinstance(whole, dict | None):
        return None
    if not isinstance(choices, list) or not all(isinstance(one, str) for one in choices):
        return None
    return Form(schema, tuple(choices), whole) if choices or schema or whole else None


def _wire(item: Attachment) -> dict[str, Any]:
    return {
        "block": item.block.to_wire(),
        "name": item.name,
        "kind": item.kind.value,
        "detail": item.detail,
        "tokens": item.tokens_estimate,
        "note": item.note,
        "more": [block.to_wire() for block in item.more],
    }


def _attachment(wire: Mapping[str, Any]) -> Attachment | None:
    """Read a staged file; one that is damaged is none."""
    tokens = wire.get("tokens")
    try:
        block, *more = map(block_from_record, (wire.get("block"), *wire.get("more", ())))
        kind = FileKind(text(wire.get("kind")))
        name, detail, note = (text(wire.get(key, "")) for key in ("name", "detail", "note"))
    except (DamagedError, ValueError, TypeError):
        return None
    pieces = tuple(piece for piece in more if isinstance(piece, AttachedBlock))
    if not isinstance(block, AttachedBlock) or not isinstance(tokens, int | None):
        return None
    return Attachment(block, name, kind, detail, tokens, note, pieces)
