"""What one turn learns while it is being answered: each refusal teaches at most once."""

from dataclasses import dataclass

from chatrepl.core.catalog import ALL_MODELS, OFFICIAL
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.lessons import MOST_LESSONS, parameter_lesson
from chatrepl.core.exchange.refusals import WORDS, lesson
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation
from chatrepl.session.session import Session


@dataclass(slots=True)
class Lessons:
    """The lessons of one turn, count or aside, each taken into the session as it comes."""

    session: Session
    taken: tuple[object, ...] = ()

    def take(self, error: ApiError, request: Request, after: Conversation | None = None) -> str:
        """Take the lesson of a refusal and give the words for it; empty where there is no new one.

        `after` is what the request was made of, where that can be planned anew.
        """
        taught = parameter_lesson(error, request)
        if taught is not None:
            # The official service takes all that it documents: what is refused is a model's.
            is_own = taught.of_model or self.session.service.models.origin == OFFICIAL
            if not self._is_new(taught):
                return ""
            self.session.learn(request.model if is_own else ALL_MODELS, **taught.facts)
            return taught.words
        past = lesson(error, request)
        if past is None or after is None or not self._is_new(past):
            return ""
        self.session.refuse(past, after)
        return WORDS[past]

    def _is_new(self, taught: object) -> bool:
        if taught in self.taken or len(self.taken) == MOST_LESSONS:
            return False
        self.taken = (*self.taken, taught)
        return True
