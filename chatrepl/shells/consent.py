"""What the user is asked before a message goes out: about keys in it, and about its price."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chatrepl.commands.cost import agree_to_cost, cost_question
from chatrepl.core.talk.message import Message
from chatrepl.session.held_keys import held_keys, in_words, unsent
from chatrepl.session.session import Session

_BESIDE: Final = "The system prompt, the prefill, the form or a message that you added"


@dataclass(slots=True)
class Consent:
    """The questions of one chat; `refused` is called after a no.

    `own` are the user's keys, `agreed` those that were sent knowingly.
    """

    session: Session
    ask: Callable[[str], bool | None]
    refused: Callable[[], object]
    own: tuple[str, ...] = ()
    agreed: set[str] = field(default_factory=set)

    def to_send(self, *messages: Message) -> bool:
        """Ask before something is sent that seems to be a key; once for each."""
        held = held_keys(messages, self.own)
        beside = held_keys(unsent(self.session), self.own)
        if held.keys() - self.agreed:
            question = f"{in_words(held)} y: send it · N: keep it in the prompt"
        elif beside.keys() - self.agreed:
            question = f"{in_words(beside, _BESIDE)} y: send it · N: send nothing"
        else:
            return True
        if not self.ask(question):
            self.refused()
            return False
        self.agreed.update(held, beside)
        return True

    def holds(self, message: Message) -> dict[str, str]:
        """Give what a message seems to hold that nobody agreed to send yet."""
        held = held_keys((message,), self.own)
        return {key: kind for key, kind in held.items() if key not in self.agreed}

    def to_answer(self, what: str, held: dict[str, str]) -> bool:
        """Ask before something that came from a tool is sent with what it holds."""
        if not self.ask(f"{in_words(held, what)} y: send it · N: leave it out"):
            return False
        self.agreed.update(held)
        return True

    def is_given(self, message: Message) -> bool:
        """Tell whether a message may go out without a question."""
        held = held_keys((message, *unsent(self.session)), self.own)
        return not (held.keys() - self.agreed or cost_question(self.session))

    def to_pay(self) -> bool:
        """Ask before the session costs more than it should."""
        question = cost_question(self.session)
        if question and not self.ask(question):
            self.refused()
            return False
        if question:
            agree_to_cost(self.session)
        return True
