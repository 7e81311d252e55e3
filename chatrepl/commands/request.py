"""What was sent for a turn: shown, compared, sent again."""

from dataclasses import replace
from typing import Annotated, Final

from chatrepl.commands.cold_send import ask_when_cold
from chatrepl.commands.registry import ArgKind, command
from chatrepl.commands.tree import numbered, turn_numbers
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.noted import (
    PastRequest,
    asked_last,
    asked_under,
    is_exact,
    restored,
    when_asked,
)
from chatrepl.core.exchange.plan import plan_round
from chatrepl.core.numbers import MOST_DIGITS
from chatrepl.core.outcome import Exactly, Notice, Outcome, Send, Several
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session

_PAIR: Final = 2
_FLAGS: Final = frozenset({"--again", "--diff", "--body"})
Requests = Annotated[str, ArgKind(complete=turn_numbers, rest=True, by_word=True)]


@command("request", group="context")
def request_(session: Session, which: Requests = "") -> Outcome:
    """Show what was sent for a turn, or the last one, block by block, and why each was there.

    `3 --body` prints it as JSON, `3 --again` sends it again, `3 5 --diff` tells how two differ.
    """
    words = which.split()
    flags, numbers = {word for word in words if word in _FLAGS}, [w for w in words if _is_number(w)]
    if len(flags) > 1 or len(flags) + len(numbers) < len(words):
        raise UsageError("/request takes turn numbers, and one of --again, --body, --diff.")
    turns = [(number, numbered(session, number)) for number in map(int, numbers)]
    if flags == {"--diff"} and len(turns) == _PAIR:
        return _difference(session, turns)
    if len(turns) > 1 or flags == {"--diff"}:
        raise UsageError("/request shows one turn; `/request 3 5 --diff` compares two.")
    number, turn = (
        turns[0] if turns else (len(session.conversation.path()), numbered(session, None))
    )
    if turn.user is None:
        raise UsageError("Nothing was sent for that turn.")
    match "".join(flags):
        case "--again":
            return _again(session, turn)
        case "--body":
            return Exactly(_body(_shown(session, turn)))
        case _:
            from chatrepl.pages.request_page import request_page  # seldom wanted

            shown = _shown(session, turn)
            return request_page(shown, number, exact=is_exact(shown.request, _note(turn)))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS


def _difference(session: Session, turns: list[tuple[int, Turn]]) -> Outcome:
    from chatrepl.pages.request_page import request_difference

    (one, first), (other, second) = turns
    shown = _shown(session, first), _shown(session, second)
    text = request_difference(*shown, (one, other))
    return Exactly(text) if text else Notice("They are the same.")


def _again(session: Session, turn: Turn) -> Outcome:
    after, message = when_asked(session.conversation, turn), Message("user", turn.question)
    again = Send(message, after)
    return Several((ask_when_cold(session, message, after), again))


def _body(shown: PastRequest) -> str:
    request = shown.request
    if "mcp_servers" in request.params:  # they may hold a token
        params = {key: value for key, value in request.params.items() if key != "mcp_servers"}
        request = replace(request, params=params)
    return request.encode().decode()


def _note(turn: Turn) -> "dict[str, object]":
    return dict(turn.receipt.sent or {}) if turn.receipt is not None else {}


def _shown(session: Session, turn: Turn) -> PastRequest:
    """Put a turn's request, the last one of its rounds, together as it was."""
    after, note, now = when_asked(session.conversation, turn), _note(turn), session.situation
    begun = turn.receipt.prefill if turn.receipt is not None else None
    native = begun.text if begun is not None and begun.mode == "native" else ""
    params = note.get("params")
    model = params.get("model") if isinstance(params, dict) else None
    ask = replace(now.ask, prefill=native, instruction="", schema=None)
    ask = asked_under(ask, after, turn, note)
    then = replace(now, model=session.service.model(str(model or session.model.id)), ask=ask)
    if turn.rounds == 1:
        user = turn.user or Message("user", ())
        return PastRequest(restored(then.request(user, after), note), after, turn)
    so_far = asked_last(turn)
    plan = plan_round(then, after, so_far)
    return PastRequest(restored(plan.request, note), plan.after, replace(turn, ours=0))
