"""Replies that are compared: each asked in a session of its own, all siblings in one conversation.

Which turns were compared last is kept with the conversation, as a fact that goes with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.value import frozen
from chatrepl.core.world import Recorder, Shelf
from chatrepl.session.books import Books

if TYPE_CHECKING:
    from chatrepl.session.session import Session

KEY: Final = "compared"
_BLIND: Final = "compared_blind"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRST"
MOST: Final = len(LETTERS)


class _TurnsOnly:
    """Keeps the turns of one of several replies where all are kept; where we stand is not its say.

    What is kept beside the conversation is shared by all.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.id = recorder.id
        self.begin, self.delta, self.finish = recorder.begin, recorder.delta, recorder.finish
        self.meta, self.flush, self.grow = recorder.meta, recorder.flush, recorder.grow

    @property
    def unsaved(self) -> str:
        return self._recorder.unsaved

    @property
    def facts(self) -> Mapping[str, Any]:
        return self._recorder.facts

    def state(self, conversation: Conversation) -> None: ...
    def keep(self, conversation: Conversation, **fields: Any) -> None:
        del conversation
        self._recorder.meta(**fields)


@frozen
class Compared:
    """The turns to choose from; a `blind` choice names no models before it is made.

    `places` are those that they had on the screen, where some gave nothing.
    """

    turns: tuple[Turn, ...] = ()
    blind: bool = False
    places: tuple[int, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        places = self.places or range(len(self.turns))
        return tuple(labels(MOST, blind=self.blind)[place] for place in places)


def labels(count: int, *, blind: bool) -> tuple[str, ...]:
    """Give what replies are called by that are to be chosen from."""
    return tuple(LETTERS[:count]) if blind else tuple(str(n + 1) for n in range(count))


def contender(session: "Session", model: str) -> "Session":
    """Make a session that asks one of several; what it learns of the service, all know."""
    edges = replace(
        session.edges,
        learn=lambda id_, facts: session.learn(id_, **facts),
        can_count=lambda: False,  # the session counts when all are there
    )
    return replace(
        session,
        settings=replace(session.settings, model=model),
        edges=edges,
        recorder=_TurnsOnly(session.recorder),
        bench=None,  # several would ask at once
        shelf=Shelf(),
        books=Books(),
    )


def begin_comparison(session: "Session") -> None:
    """Get the conversation ready for several turns at once."""
    if not session.conversation.turns:
        session.recorder.state(session.conversation)  # the system prompt that it begins with


def take_over(session: "Session", other: "Session") -> Turn | None:
    """Take the reply of one into the tree, and what it cost and learned; where we stand stays."""
    before = session.conversation
    has_cache = other.model.id == session.model.id
    session.account(session.books.joined(other.books, footprint=has_cache))
    share_news(session, other)
    refused = session.service.refused | other.service.refused
    if refused != session.service.refused:
        session.refuse(refused)
    came = [turn for id_, turn in other.conversation.turns.items() if id_ not in before.turns]
    if not came:
        return None
    turns = {**before.turns, **{turn.id: turn for turn in came}}
    session.change(replace(before, turns=turns))
    session.prepare(staged=other.next.staged, prefill=other.next.prefill)
    return came[0]


def share_news(session: "Session", other: "Session") -> None:
    """Let what the user was told once not be told again by the other."""
    for words in session.service.announced ^ other.service.announced:
        session.announce(words)
        other.announce(words)


def end_comparison(session: "Session", turns: Iterable[Turn | None], *, blind: bool) -> None:
    """Go on from the first reply that came, and keep which were compared."""
    sides = tuple(turns)
    came = [turn for turn in sides if turn is not None]
    if not came:
        return
    session.change(session.conversation.add(came[0]))
    ids = ["" if turn is None else turn.id for turn in sides]
    facts = {KEY: ids, _BLIND: blind}
    session.recorder.keep(session.conversation, **facts)


def unveil(session: "Session") -> None:
    """Name the models from now on."""
    session.recorder.keep(session.conversation, **{_BLIND: False})


def compared(session: "Session") -> Compared:
    """Give the replies to choose from: those compared last, else all that answer one question.

    Where we stand at a reply that has others beside it, and was not compared, it is those.
    """
    conversation, facts = session.conversation, session.recorder.facts
    ids = facts.get(KEY)
    turns = conversation.turns
    named = ids[:MOST] if isinstance(ids, list) else []
    places = tuple(at for at, id_ in enumerate(named) if isinstance(id_, str) and id_ in turns)
    last = tuple(turns[TurnId(named[at])] for at in places)
    head = turns[conversation.head] if conversation.head is not None else None
    beside = conversation.children(head.parent) if head is not None else ()
    if len(beside) > 1 and (not last or last[0].parent != beside[0].parent):
        return Compared(tuple(turn for turn in beside if turn.assistant is not None))
    return Compared(last, facts.get(_BLIND) is True, places)
