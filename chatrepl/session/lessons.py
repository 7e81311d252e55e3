"""What one turn learns while it is being answered: each refusal teaches at most once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from chatrepl.core.catalog import ALL_MODELS, OFFICIAL
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.lessons import MOST_LESSONS, Taught, is_of_model, parameter_lesson
from chatrepl.core.exchange.refused import BlockPlace, Refused, names_of
from chatrepl.core.exchange.request import Request
from chatrepl.core.models import find
from chatrepl.core.talk.blocks import Block, DocumentBlock
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session

_NOT_THERE: Final = frozenset({400, 403, 404, 410})


@frozen
class Learned:
    """Facts of a model, or of all, that a refusal taught in the words of `answer`."""

    answer: str
    model: str
    facts: Wire


@dataclass(slots=True)
class Lessons:
    """The lessons of one turn, count or aside, each taken into the session as it comes.

    `omitted` holds the refusals of the past, each with what was left out before it.
    """

    session: Session
    taken: tuple[Taught, ...] = ()
    learned: tuple[Learned, ...] = ()
    omitted: tuple[tuple[str, Refused], ...] = ()
    tried: frozenset[str] = frozenset()

    def take(self, error: ApiError, request: Request, after: Conversation) -> str:
        """Take the lesson of a refusal and give the words for it; empty where there is no new one.

        `after` is what the request was made of.
        """
        if words := self._leave_container(error, request):
            return words
        tried = self._unlearn(error)
        taught = parameter_lesson(error, request, tried)
        if taught is not None and self._is_new(taught):
            self._learn(error, request, taught.facts, of_model=taught.of_model)
            return taught.words
        return self._leave_out(error, request, after)

    def meet(self, model: str, request: Request) -> str:
        """Learn that somebody else's `model` answers for one of the service's, as routers have it.

        Gives what to say of it: text files that went as documents were perhaps left out.
        """
        asked = self.session.service.model(request.model)
        if not model or find(model).documents or not asked.documents:
            return ""
        self.session.learn(asked.id, documents=False)
        if not any(
            isinstance(b, DocumentBlock) and b.text for m in request.messages for b in m.content
        ):
            return ""
        return (
            f"{model} answers, not {asked.id}: it may not see the text file; asked again, it does."
        )

    def _leave_container(self, error: ApiError, request: Request) -> str:
        """Let code run in a new container where the one before is gone."""
        name, refused = request.params.get("container"), self.session.service.refused
        if not isinstance(name, str) or name in refused.containers:
            return ""
        words = _words(error)
        is_named = name in words or re.search(r"\bcontainer\b", words.casefold()) is not None
        if error.status not in _NOT_THERE or not is_named:
            return ""
        self.session.refuse(replace(refused, containers=refused.containers | {name}))
        return "The container that code ran in is gone, with the files in it; a new one is used."

    def _is_new(self, taught: Taught) -> bool:
        if taught in self.taken or len(self.taken) == MOST_LESSONS:
            return False
        self.taken = (*self.taken, taught)
        return True

    def _learn(self, error: ApiError, request: Request, facts: Wire, *, of_model: bool) -> None:
        # The official service takes all that it documents: what is refused is a model's.
        model = request.model if of_model or self._is_official else ALL_MODELS
        self.session.learn(model, **facts)
        self.learned = (*self.learned, Learned(_words(error), model, facts))

    def _unlearn(self, error: ApiError) -> frozenset[str]:
        """Take back what did not help against this very refusal; name those facts."""
        wrong = [lesson for lesson in self.learned if lesson.answer == _words(error)]
        for lesson in wrong:
            self.session.learn(lesson.model, **dict.fromkeys(lesson.facts))
        self.learned = tuple(lesson for lesson in self.learned if lesson not in wrong)
        self.tried |= {fact for lesson in wrong for fact in lesson.facts}
        return self.tried

    @property
    def _is_official(self) -> bool:
        return self.session.service.models.origin == OFFICIAL

    def _leave_out(self, error: ApiError, request: Request, after: Conversation) -> str:
        """Leave out of the past what a refusal names, and more where that did not help."""
        from chatrepl.core.exchange.past import omission  # most runs see no refusal

        refused, signs = self.session.service.refused, [sign for sign, _ in self.omitted]
        lasting = not self._is_official
        less = omission(error, request, after, refused, signs, lasting=lasting)
        if less is None:
            return ""
        self.omitted = (*self.omitted, (less.sign, refused))
        self.session.refuse(less.refused)
        kinds = names_of(less.refused.types - refused.types, less.refused.keys - refused.keys)
        if kinds and lasting:
            of_model = is_of_model(_words(error).casefold(), request)
            self._learn(error, request, dict.fromkeys(kinds, False), of_model=of_model)
        return less.words

    def give_up(
        self, error: ApiError, request: Request, after: Conversation, turn: Turn | None = None
    ) -> ApiError:
        """Say what was refused; what did not help is sent again, a file that is named is not.

        It is neither where the `turn` that failed is gone on with later.
        """
        from chatrepl.core.exchange.past import refused_files
        from chatrepl.core.exchange.refusals import in_plain_words, of_files

        session = self.session
        self.take_back(error)
        named = refused_files(error, request, after)
        refused = set(map(id, named))
        files = [i for i in session.next.staged if not refused.isdisjoint(map(id, i.blocks))]
        if not files:
            return in_plain_words(error, request)
        session.unstage(*files)
        if turn is not None:
            places = _places(turn, [item.block for item in files])
            session.refuse(session.service.refused | Refused(blocks=places), turn)
        return of_files(error, [item.name for item in files], interactive=session.interactive)

    def take_back(self, error: ApiError) -> None:
        """Forget what did not help."""
        if self.omitted:
            last = self.omitted[-1][0]
            self.session.refuse(next(before for sign, before in self.omitted if sign == last))
        self._unlearn(error)


def _places(turn: Turn, blocks: Sequence[Block]) -> frozenset[BlockPlace]:
    return frozenset(
        (turn.id, at, number)
        for at, message in enumerate(turn.messages)
        for number, block in enumerate(message.content)
        if any(block is one for one in blocks)
    )


def _words(error: ApiError) -> str:
    return error.answer or error.message
