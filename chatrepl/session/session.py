"""The one mutable object: what is open right now.

Nobody assigns its fields: commands and turns call the methods here, each of which puts a new value
in the place of an old one. What changes the conversation also tells the recorder. The edges come in
as functions, so that a session is tested without any of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chatrepl.core.exchange.plan import Situation
from chatrepl.core.exchange.refused import Refused, from_facts, to_facts
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.model_names import resolve
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import USUAL_SYSTEM, Conversation, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.wire import Wire, scrub
from chatrepl.core.world import Edges, NoRecorder, OpenPair, Recorder, Shelf
from chatrepl.session.books import Books, paid_aside
from chatrepl.session.next_message import NextMessage
from chatrepl.session.prices import Priced, Prices, total
from chatrepl.session.service import Service, liberty
from chatrepl.session.situation import situation_of

if TYPE_CHECKING:  # what a single shot does not need before its request is under way
    from chatrepl.attachments.attach import Attachment
    from chatrepl.config.load import Config
    from chatrepl.core.tokens.counts import Ledger
    from chatrepl.core.tokens.estimate import Estimate
    from chatrepl.session.workbench import Workbench


@dataclass(slots=True)
class Session:
    """A conversation under way, with what is set for its next message.

    `shelf` holds the conversations that were open before; `loaded` tells where the settings come
    from. Where tools are configured, they are called at the `bench`.
    """

    settings: Settings
    edges: Edges
    conversation: Conversation = field(default_factory=Conversation)
    recorder: Recorder = field(default_factory=NoRecorder)
    shelf: Shelf = Shelf()
    next: NextMessage = NextMessage()
    books: Books = Books()
    service: Service = Service()
    interactive: bool = False
    loaded: "Config | None" = None
    bench: "Workbench | None" = None

    @property
    def model(self) -> Model:
        """The model that the next request goes to."""
        return self.service.model(self.settings.model)

    @property
    def aside_model(self) -> Model:
        """The model that is asked aside, such as for summaries. Raises UsageError for no model."""
        name = self.settings.context_summary_model
        return self.named(name) if name else self.model

    @property
    def prices(self) -> Prices:
        """What requests and replies cost now."""
        return Prices(self.edges, self.service)

    @property
    def is_demo(self) -> bool:
        """Whether the embedded engine answers, for no money."""
        return bool(self.edges.guide)

    def named(self, name: str) -> Model:
        """Find a model by its id or a part of it. Raises UsageError for a name that is none."""
        how = liberty(self.settings, self.loaded.origins if self.loaded is not None else {})
        return self.service.model(resolve(name, self.service.models, liberty=how))

    @property
    def system(self) -> str:
        """The system prompt that the next message will have."""
        return self.conversation.system

    def compose(self, text: str) -> Message:
        """Make the next message of what was typed and staged; what is staged stays so far."""
        return Message.user(
            scrub(text), *(block for item in self.next.staged for block in item.blocks)
        )

    @property
    def situation(self) -> Situation:
        """What the next request is made from."""
        return situation_of(self, self.next.begins_with)

    def asking(self, model: str) -> "Session":
        """Give the session as it is where that model is asked, for a look; empty for its own."""
        return replace(self, settings=replace(self.settings, model=model)) if model else self

    def request(self, message: Message | None, base: Conversation | None = None) -> Request:
        """Build the request that would send `message` now; None sends what is there."""
        return self.situation.request(message, base)

    @property
    def ledger(self) -> "Ledger":
        """The token book; asking it for the first time may take some tenths of a second."""
        ledger = self.books.ledger
        if ledger is None:
            from chatrepl.core.tokens.counts import Ledger

            ledger = Ledger(self.edges.count, self.edges.scales())
            self.account(ledger=ledger)
        if self.books.behind:
            ledger.resume(self.conversation)
            self.books = replace(self.books, behind=False)
        ledger.declare(self.situation.declared)
        return ledger

    def context(self) -> "Estimate | None":
        """Tell the tokens that would be sent now; None while counting would make the user wait."""
        if not self.edges.can_count():
            return None
        return self.ledger.next_total(self.conversation, self.model)

    def equip(self, bench: "Workbench | None" = None, **edges: Any) -> None:
        """Give the session a bench, or other edges, such as those that the shell has only now."""
        self.edges, self.bench = replace(self.edges, **edges), bench or self.bench

    def use(self, settings: Settings | None = None, /, **changes: Any) -> None:
        """Change settings for the rest of the session."""
        self.settings = replace(settings or self.settings, **changes)

    def settle(self, loaded: "Config") -> None:
        """Take over where the settings come from, now that their file was changed."""
        self.loaded = loaded

    def prepare(self, **changes: Any) -> None:
        """Change what is set for the next message: a prefill, or the form of the reply."""
        self.next = replace(self.next, **changes)

    def stage(self, *files: "Attachment") -> None:
        """Let files go out with the next message."""
        self.prepare(staged=(*self.next.staged, *files))

    def unstage(self, *files: "Attachment") -> None:
        """Take staged files back."""
        self.next = self.next.without(item.block for item in files)

    def edit(self, turn: Turn, files: Iterable["Attachment"]) -> Conversation:
        """Let the next message stand in the place of `turn`, with its `files`; give that place."""
        self.leave_edit()
        place = self.conversation.before(turn)
        self.prepare(base=place, staged=(*files, *self.next.staged))
        return place

    def leave_edit(self) -> None:
        """Let the next message follow the conversation again, without what an edit had staged."""
        if self.next.edits:
            self.prepare(base=None, rewrites=None)
            self._sent(*self.conversation.path())

    def change(self, conversation: Conversation) -> None:
        """Go on with a changed conversation."""
        self.leave_edit()
        self.conversation = conversation
        self.recorder.state(conversation)

    def adjust(self, **changes: Any) -> None:
        """Change parts of the conversation's state; one step for undo."""
        state: State = replace(self.conversation.state, **changes)
        self.change(self.conversation.then(state))

    def begin_with(self, conversation: Conversation, recorder: Recorder) -> None:
        """Take that conversation up in the place of the one it has, with what is kept beside it."""
        self.conversation, self.recorder = conversation, recorder
        self.books = self.books.elsewhere(conversation, recorder.facts)
        self.recall(recorder.facts)

    def open(self, conversation: Conversation, recorder: Recorder) -> None:
        """Go on with another conversation; `undo` returns to this one, `redo` then to that."""
        open_now = (replace(self.conversation, future=()), self.recorder)
        self.shelf = self.shelf.put(open_now, floor=len(conversation.past))
        self.leave_edit()
        self.begin_with(conversation, recorder)

    def reopen(self, id_: str) -> bool:
        """Go on with a conversation that was open before; tell whether there is one of that id."""
        pair = self.shelf.of(id_)
        if pair is not None:
            self.forget(id_)
            self.open(*pair)
        return pair is not None

    def forget(self, id_: str) -> None:
        """Return no more to a conversation that was open before: it is being deleted."""
        self.shelf = self.shelf.without(id_)

    def undo(self) -> bool:
        """Step back over the last change, or to the conversation before; tell whether it went."""
        is_at_floor = len(self.conversation.past) <= self.shelf.floor
        if is_at_floor and self._swap(self.shelf.back((self.conversation, self.recorder))):
            return True
        if not self.conversation.past:
            return False
        self.change(self.conversation.undo())
        return True

    def redo(self) -> bool:
        """Step forth over what was undone; tell whether it went."""
        if self.conversation.future:
            self.change(self.conversation.redo())
            return True
        return self._swap(self.shelf.forth((self.conversation, self.recorder)))

    def _swap(self, swapped: tuple[Shelf, OpenPair] | None) -> bool:
        if swapped is not None:
            self.leave_edit()
            self.shelf, pair = swapped
            self.begin_with(*pair)
        return swapped is not None

    def learn(self, id_: str, **facts: Any) -> None:
        """Remember what the service taught about a model, or about `ALL_MODELS`."""
        self.service = replace(self.service, models=self.service.models.learn(id_, facts))
        self.edges.learn(id_, facts)

    def learn_from(self, other: "Session") -> None:
        """Take over what another session of the same service has learned of it."""
        heard = self.service.announced | other.service.announced
        self.service = replace(other.service, announced=heard)

    def update_models(self, infos: Iterable[Wire]) -> None:
        """Take over the service's own list of its models."""
        merged = self.service.models.merge(infos, now=self.edges.clock())
        self.service = replace(self.service, models=merged)

    def refuse(self, refused: Refused, *failed: Turn) -> None:
        """Send no more what the service does not take back of earlier turns, or of a `failed` one.

        What failed enters no conversation now, but that on the disk holds the question.
        """
        self.service = replace(self.service, refused=refused)
        turns = self.conversation.turns.keys() | {turn.id for turn in failed}
        facts, here = self.recorder.facts, self.service.models.origin
        self.recorder.meta(**to_facts(refused, turns, facts, here))

    def recall(self, facts: Mapping[str, Any]) -> None:
        """Take over what is kept with the talk: what this server did not take back, and more."""
        refused = self.service.refused | from_facts(facts, self.service.models.origin)
        self.service = replace(self.service, refused=refused)
        usual = facts.get(USUAL_SYSTEM)
        if isinstance(usual, str):  # it ended while one message had another
            self.change(self.conversation.with_system(usual))
            self.recorder.meta(**{USUAL_SYSTEM: None})

    def announce(self, words: str) -> bool:
        """Tell whether the user is to hear those words now: once in a session."""
        is_news = words not in self.service.announced
        self.service = replace(self.service, announced=self.service.announced | {words})
        return is_news

    def count_alone(self) -> None:
        """Ask the service for no counts of tokens any more: it gives none."""
        self.service = replace(self.service, can_count=False)

    def account(self, books: Books | None = None, /, **changes: Any) -> None:
        """Change what the books say: what was agreed to, how summaries went."""
        self.books = replace(books or self.books, **changes)

    def begin_turn(self, turn: Turn) -> Turn:
        """Begin a turn as it was planned: the message is kept before anything is sent."""
        now = self.edges.clock()
        begun = replace(turn, id=TurnId(self.edges.new_id()), created=now)
        if not self.conversation.turns:
            self.recorder.state(self.conversation)  # the system prompt that it begins with
        self.recorder.begin(begun)
        return begun

    def add_turn(self, parent: TurnId | None, *messages: Message, by_hand: bool = False) -> Turn:
        """Add a turn that nobody sent, as it stands."""
        id_, now = TurnId(self.edges.new_id()), self.edges.clock()
        turn = Turn(id_, parent, messages, created=now, by_hand=by_hand)
        self.change(self.conversation.add(turn))
        return turn

    def enter(self, done: Turn, request: Request) -> None:
        """Take a turn into the conversation, and what went out with it off the stage."""
        self.leave_edit()
        self.conversation = self.conversation.add(done)
        self._sent(done)
        if request.prefill is not None and request.prefill.text == self.next.prefill:
            self.prepare(prefill="")

    def _sent(self, *turns: Turn) -> None:
        """Stage no more what went out with those turns."""
        self.next = self.next.without(block for turn in turns for block in turn.question)

    def pay(self, request: Request, reply: Reply, rounds: Sequence[Priced] = ()) -> Cost | None:
        """Enter what a reply took, and the `rounds` before it; give its price, if it is known."""
        entries = (*rounds, *self.prices.entries(request, reply))
        self.books = self.books.paid(*total(entries)) if entries else self.books
        return total(entries)[1] if entries else None

    def pay_aside(self, request: Request, reply: Reply, recorder: Recorder) -> Cost | None:
        """Enter what was asked aside, such as a title; the `recorder` of its talk keeps that."""
        entries = self.prices.entries(request, reply)
        if not entries:
            return None
        usage, cost = total(entries)
        self.books = self.books.paid(usage, cost, replies=0)
        recorder.meta(**paid_aside(recorder.facts, cost or Cost(at_least=True)))
        return cost

    def observe(self, turn: Turn, request: Request, reply: Reply, written: Message | None) -> None:
        """Learn from a reply what the cache holds, and how the model counts."""
        if any(block.type == "fallback" for block in reply.blocks):
            return  # another model counted, and has it in its cache
        self.books = self.books.noted(request, reply, turn.created)
        if self.edges.can_count() and reply.earlier == Usage():
            self.ledger.observe(request, self.model, reply.usage, written)
        else:
            self.books = replace(self.books, behind=True)
