"""What the user is asked before a message goes out: about keys in it, and about its price."""

from collections.abc import Callable
from dataclasses import dataclass, field

from chatrepl.commands.cost import agree_to_cost, cost_question
from chatrepl.core.talk.conversation import Message
from chatrepl.session.held_keys import held_keys, in_words
from chatrepl.session.session import Session


@dataclass(slots=True)
class Consent:
    """The questions of one chat; `own` are the user's keys, `agreed` those sent knowingly."""

    session: Session
    ask: Callable[[str], bool | None]
    own: tuple[str, ...] = ()
    agreed: set[str] = field(default_factory=set)

    def to_send(self, message: Message) -> bool:
        """Ask before something is sent that seems to be a key; once for each."""
        held = held_keys(message, self.own)
        if not held.keys() - self.agreed:
            return True
        if not self.ask(f"{in_words(held)} y: send it · N: keep it in the prompt"):
            return False
        self.agreed.update(held)
        return True

    def to_pay(self) -> bool:
        """Ask before the session costs more than it should."""
        question = cost_question(self.session)
        if question and not self.ask(question):
            return False
        if question:
            agree_to_cost(self.session)
        return True


def is_dropped(text: str) -> bool:
    """Tell whether a line is made of files that were dropped on the terminal."""
    if not text.startswith(("/", "~", "'", '"', "file:")):
        return False
    from chatrepl.attachments.dropped import are_dropped  # seldom needed

    return are_dropped(text)
