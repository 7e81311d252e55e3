"""Counts of the service, before a price is told that an estimate could miss. No commands here."""

from collections.abc import Callable, Sequence
from typing import Final

from chatrepl.core.exchange.request import Request
from chatrepl.core.models import Model
from chatrepl.core.outcome import Count, Outcome
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session

UNSURE: Final = 0.2  # how far the estimate of what nobody counted may be off,
LEARNED: Final = 0.02  # and that of the rest, once the service has counted something
_WIDEST: Final = 4.0  # some gateways only say that they count
_PATIENCE_S: Final = 8.0


def counted_first(
    session: Session,
    message: Message,
    then: Callable[[], Outcome],
    *,
    base: Conversation | None = None,
    models: Sequence[str] = ("",),
) -> Outcome:
    """Tell by `then` what sending `message` costs, where need be once the service has counted it.

    What a model counted tells little of one with another tokenizer: texts differ by more than a
    price may be off. Where the service does not count in time, the estimate has to do from then on.
    """
    if not (models and session.service.can_count):
        return then()
    id_, *rest = models
    there = session.asking(id_)
    request = there.request(message, base)

    def go_on() -> Outcome:
        return counted_first(session, message, then, base=base, models=rest)

    if session.ledger.doubt(request, there.model) <= LEARNED:
        return go_on()
    learn, alone = _ways(there.model, request, session, go_on)
    return Count(message, learn, alone, id_, base, _PATIENCE_S)


def _ways(
    model: Model, request: Request, session: Session, go_on: Callable[[], Outcome]
) -> tuple[Callable[[int], Outcome], Callable[[], Outcome]]:
    """Say what to do with a count of a request, and what without one."""
    guess = session.ledger.request(request, model).tokens

    def alone() -> Outcome:
        session.count_alone()
        return go_on()

    def learn(total: int) -> Outcome:
        if not guess / _WIDEST <= total <= guess * _WIDEST:
            return alone()
        session.ledger.counted(request, model, total)
        return go_on()

    return learn, alone
