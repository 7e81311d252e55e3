"""What was asked beside a conversation: turns that hang on it and are no part of it.

They are kept among the facts that go with a conversation, a fact each, so that whoever reads the
journal without knowing of them passes them over. One without a receipt is under way, or was when
its chatrepl ended: then facts of its own hold the pieces of its answer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatrepl.core.exchange.plan import Plan, plan_beside
from chatrepl.core.exchange.reply import Reply, StreamEvent, TextDelta
from chatrepl.core.models import undated
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.world import BESIDE

if TYPE_CHECKING:
    from chatrepl.session.session import Session


def plans_beside(session: "Session", message: Message, model: str = "") -> Callable[[], Plan]:
    """Plan to ask beside the conversation as it is now, whatever becomes of it meanwhile."""
    conversation = session.conversation

    def plan() -> Plan:
        now = session.situation
        ask = replace(now.ask, previous_message_id=conversation.last_message_id)
        here = replace(now, conversation=conversation, ask=ask)
        return plan_beside(here, message, session.named(model) if model else session.model)

    return plan


def keep_beside(session: "Session", turn: Turn) -> None:
    """Keep a turn beside the conversation; it is on the disk when this returns, if it can be."""
    from chatrepl.storage.records import turn_to_record  # a chat without a journal has no need

    session.recorder.keep(session.conversation, **{f"{BESIDE}{turn.id}": turn_to_record(turn)})
    session.recorder.flush()


def hear_beside(session: "Session", turn: Turn) -> Callable[[StreamEvent, Reply], None]:
    """Keep an answer as it comes."""
    recorder, place = session.recorder, TurnId(f"{BESIDE}{turn.id}")

    def hear(event: StreamEvent, _reply: Reply) -> None:
        if isinstance(event, TextDelta):
            recorder.delta(place, event.text, "text")

    return hear


def drop_beside(session: "Session", turn: Turn) -> None:
    """Keep a question no more that nothing came of."""
    session.recorder.keep(session.conversation, **{f"{BESIDE}{turn.id}": None})


def turns_beside(facts: Mapping[str, Any]) -> Iterator[Turn]:
    """Give what was asked beside a conversation, the oldest first, by what goes with it."""
    if not any(key.startswith(BESIDE) for key in facts):
        return
    from chatrepl.storage import records

    yield from records.turns_beside(facts)


def reads_no_cache(session: "Session", model: str = "") -> str:
    """Say so where another model is asked than the one that has read the conversation."""
    path = session.conversation.path()
    receipts = (turn.receipt for turn in reversed(path) if turn.receipt is not None)
    before = next((receipt.model for receipt in receipts if receipt.model), "")
    asked = session.named(model).id if model else session.model.id
    return (
        f"{asked} reads the whole conversation anew: no cache."
        if before and undated(before) != undated(asked)
        else ""
    )
