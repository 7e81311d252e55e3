"""What one turn learns while it is being answered: each refusal teaches at most once."""

from dataclasses import dataclass

from chatrepl.core.catalog import ALL_MODELS, OFFICIAL
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.lessons import MOST_LESSONS, parameter_lesson
from chatrepl.core.exchange.past import Refused, omission, refused_files
from chatrepl.core.exchange.refusals import in_plain_words, of_files
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation
from chatrepl.session.session import Session


@dataclass(slots=True)
class Lessons:
    """The lessons of one turn, count or aside, each taken into the session as it comes.

    `omitted` holds the refusals of the past, each with what was left out before it.
    """

    session: Session
    taken: tuple[object, ...] = ()
    omitted: tuple[tuple[str, Refused], ...] = ()

    def take(self, error: ApiError, request: Request, after: Conversation | None = None) -> str:
        """Take the lesson of a refusal and give the words for it; empty where there is no new one.

        `after` is what the request was made of, where that can be planned anew.
        """
        taught = parameter_lesson(error, request)
        if taught is not None and self._is_new(taught):
            # The official service takes all that it documents: what is refused is a model's.
            is_own = taught.of_model or self.session.service.models.origin == OFFICIAL
            self.session.learn(request.model if is_own else ALL_MODELS, **taught.facts)
            return taught.words
        return "" if after is None else self._leave_out(error, request, after)

    def _is_new(self, taught: object) -> bool:
        if taught in self.taken or len(self.taken) == MOST_LESSONS:
            return False
        self.taken = (*self.taken, taught)
        return True

    def _leave_out(self, error: ApiError, request: Request, after: Conversation) -> str:
        """Leave out of the past what a refusal names, and more where that did not help."""
        refused, signs = self.session.service.refused, [sign for sign, _ in self.omitted]
        less = omission(error, request, after, refused, signs)
        if less is None:
            return ""
        self.omitted = (*self.omitted, (less.sign, refused))
        self.session.refuse(less.refused)
        return less.words

    def give_up(self, error: ApiError, request: Request, after: Conversation) -> ApiError:
        """Say what was refused; what did not help is sent again, a file that is named is not."""
        session = self.session
        if self.omitted:
            last = self.omitted[-1][0]
            session.refuse(next(before for sign, before in self.omitted if sign == last))
        named = refused_files(error, request, after)
        refused = set(map(id, named))
        files = [i for i in session.next.staged if not refused.isdisjoint(map(id, i.blocks))]
        if not files:
            return in_plain_words(error, request)
        session.unstage(*files)
        return of_files(error, [item.name for item in files], interactive=session.interactive)
