"""A player that also lets the model write aside and the service count, and knows prices."""

from dataclasses import dataclass, field, replace

from chatrepl.api.prices import price, rates
from chatrepl.commands.context_policy import make_room
from chatrepl.core.exchange.plan import plan_aside
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, State, Turn
from chatrepl.core.talk.message import Message
from chatrepl.demo.models import find as find_demo
from chatrepl.demo.tokens import count_text
from chatrepl.storage.importing import read_messages
from tests.commands.playing import Player

WHEN = 1_790_000_000.0
MODEL = "claude-opus-5-5"
TOOLS = """[
 {"role": "user", "content": "What is in the tin?"},
 {"role": "assistant", "content": [
   {"type": "thinking", "thinking": "I look.", "signature": "c2ln"},
   {"type": "tool_use", "id": "toolu_01", "name": "look", "input": {"at": "tin"}}]},
 {"role": "user", "content": [
   {"type": "tool_result", "tool_use_id": "toolu_01", "content": "beans"}]},
 {"role": "assistant", "content": "Beans."},
 {"role": "user", "content": "And in the pot?"},
 {"role": "assistant", "content": [
   {"type": "tool_use", "id": "toolu_02", "name": "look", "input": {"at": "pot"}}]}
]"""


@dataclass
class Trimmer(Player):
    """The player, with all that the context's commands ask for."""

    settings: Settings = field(default_factory=lambda: Settings(model=MODEL))

    def __post_init__(self) -> None:
        super().__post_init__()
        demo = find_demo(MODEL)
        assert demo is not None
        self.session.edges = replace(
            self.session.edges,
            price=lambda model, usage, _: price(model, usage, WHEN),
            rates=lambda model, tokens: rates(model, WHEN, prompt_tokens=tokens),
            count=lambda text: count_text(text, demo),
        )

    def talk(self, *texts: str) -> list[Turn]:
        return [self.send(text) for text in texts]

    def send(self, text: str) -> Turn:
        """Send a message as the chat does: first is made room for it."""
        self.act(make_room(self.session, self.session.compose(text)))
        return self.say(text)

    def bytes(self) -> bytes:
        """The request that one fixed question would make now."""
        return self.session.request(self.session.compose("And now?")).encode()

    def tokens(self) -> int:
        return self.session.ledger.next_total(self.session.conversation, self.session.model).tokens

    def load_tools(self) -> None:
        """Open an imported conversation that ends in an open tool loop."""
        conversation = read_messages(TOOLS, "tools.json", WHEN).conversation
        self.session.open(conversation, self.session.edges.new_recorder())

    def start_with(self, system: str) -> None:
        self.session.conversation = Conversation(state=State(system=system))

    def request_aside(self, message: Message) -> Request:
        """The request that asks `message` aside."""
        return plan_aside(self.session.situation, message, self.session.aside_model).request
