"""What is set for the next message and not part of the conversation: kept, and brought back.

Prefills, staged files, the form of replies and the model that the chat chose. To keep another such
thing, add it to `_fields` and `bring_back`.
"""

from collections.abc import Mapping
from typing import Any

from chatrepl.attachments.attach import AttachedBlock, Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.exchange.form import Form
from chatrepl.session.session import Session
from chatrepl.storage.records import DamagedError, block_from_record, text
from chatrepl.storage.saved import Journaled


def keep_unsent(session: Session) -> None:
    """Write down what is set for the next message, as far as it has changed."""
    for conversation, recorder in session.shelf.all:
        if isinstance(recorder, Journaled):  # what was staged came along to the open one
            recorder.beside(conversation, {"prefill": ""}, ())
    recorder, conversation = session.recorder, session.conversation
    if isinstance(recorder, Journaled):
        # Before the first turn there is no file; what is staged then goes out with that turn.
        staged = map(_wire, session.staged if conversation.turns else ())
        recorder.beside(conversation, _fields(session), tuple(staged))


def bring_back(session: Session, *, model: bool = True) -> str:
    """Set what the open conversation's file says of it; say in one line what is back.

    What is set already stays; `model` tells whether the model may change.
    """
    if not isinstance(session.recorder, Journaled):
        return ""
    facts = session.recorder.facts
    back = [*_prefills(session, facts)]
    form = _form(facts.get("form"))
    if form is not None and session.form is None:
        session.form = form
        back.append("the choices" if form.choices else "the schema")
    staged = tuple(filter(None, map(_attachment, session.recorder.staged)))
    if staged:
        session.staged = (*session.staged, *staged)
        back.insert(0, "1 staged file" if len(staged) == 1 else f"{len(staged)} staged files")
    chosen = facts.get("model")
    if model and isinstance(chosen, str) and chosen and chosen != session.settings.model:
        session.use(model=chosen)
        back.append(f"the model {chosen}")
    if not back:
        return ""
    listed = ", ".join(back[:-1]) + (" and " if back[1:] else "") + back[-1]
    is_one = len(back) == 1 and len(staged) < 2 and back[0] != "the choices"
    return f"{listed[:1].upper()}{listed[1:]} {'is' if is_one else 'are'} back."


def _fields(session: Session) -> dict[str, Any]:
    form = session.form
    usual = session.loaded.settings.model if session.loaded is not None else ""
    chosen = session.settings.model
    return {
        "prefill": session.prefill,
        "pinned_prefill": session.pinned_prefill,
        "form": None
        if form is None
        else {"schema": form.schema, "choices": list(form.choices), "whole": form.whole},
        "model": chosen if usual not in {"", chosen} else "",
    }


def _prefills(session: Session, facts: Mapping[str, Any]) -> list[str]:
    back = []
    for key, words in (("prefill", "the prefill"), ("pinned_prefill", "the pinned prefill")):
        kept = facts.get(key)
        if isinstance(kept, str) and kept and not getattr(session, key):
            setattr(session, key, kept)
            back.append(words)
    return back


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
    }


def _attachment(wire: Mapping[str, Any]) -> Attachment | None:
    """Read a staged file; one that is damaged is none."""
    tokens = wire.get("tokens")
    try:
        block = block_from_record(wire.get("block"))
        kind = FileKind(text(wire.get("kind")))
        name, detail, note = (text(wire.get(key, "")) for key in ("name", "detail", "note"))
    except (DamagedError, ValueError, TypeError):
        return None
    if not isinstance(block, AttachedBlock) or not isinstance(tokens, int | None):
        return None
    return Attachment(block, name, kind, detail, tokens, note)
