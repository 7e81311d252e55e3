"""The one mutable object: what is open right now.

Commands and turns change it by assigning new values; whoever changes the conversation does it
through `change`, `open_turn` and `close_turn`, which also tell the recorder. The edges come in as
functions, so that a session is tested without any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatrepl.core.context.relevance import Index
from chatrepl.core.exchange.receipt import receipt_of
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Ask, Request, build_request, new_messages
from chatrepl.core.exchange.view import Refused, RefusedPart
from chatrepl.core.models import TABLE, Model, find, resolve
from chatrepl.core.money import Meter
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Message, Receipt, State, Turn, TurnId
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.wire import scrub
from chatrepl.core.world import Edges, NoRecorder, OpenPair, Recorder, Shelf, rough_count

if TYPE_CHECKING:  # what a single shot does not need before its request is under way
    from chatrepl.attachments.attach import Attachment
    from chatrepl.config.load import Config
    from chatrepl.core.exchange.form import Form
    from chatrepl.core.prompt_cache import Footprint
    from chatrepl.core.tokens.counts import Ledger
    from chatrepl.core.tokens.estimate import Estimate

__all__ = ["Edges", "NoRecorder", "Recorder", "Session"]


@dataclass(slots=True)
class Session:
    """A conversation under way, with what is staged for the next message.

    `base` is what the next message follows, where that is not the conversation: a question is
    being edited. `loaded` tells where the settings come from, `library` where saved ones are. The
    user agreed to spend up to `agreed_usd`; `summary_failures` counts those that nobody asked for.
    """

    settings: Settings
    edges: Edges
    conversation: Conversation = field(default_factory=Conversation)
    recorder: Recorder = field(default_factory=NoRecorder)
    models: Mapping[str, Model] = field(default_factory=lambda: TABLE)
    shelf: Shelf = field(default_factory=Shelf)
    base: Conversation | None = None
    staged: "tuple[Attachment, ...]" = ()
    prefill: str = ""
    pinned_prefill: str = ""
    form: "Form | None" = None
    interactive: bool = False
    demo_help: str = ""
    library: Path | None = None
    loaded: "Config | None" = None
    told: frozenset[str] = frozenset()
    meter: Meter = field(default_factory=Meter)
    footprint: "Footprint | None" = None
    miss: str = ""
    agreed_usd: float = 0.0
    summary_failures: int = 0
    index: Index = field(default_factory=Index)
    _ledger: "Ledger | None" = None
    _behind: bool = False
    _floor: int = 0  # states before this one are from before it was opened here
    _distrust: Refused = Refused()

    @property
    def model(self) -> Model:
        """The model that the next request goes to. Raises UsageError for an ambiguous name."""
        return find(resolve(self.settings.model, self.models), self.models)

    @property
    def system(self) -> str:
        """The system prompt that the next message will have."""
        from chatrepl.core.talk.conversation import system_of  # a single shot never asks

        return system_of(self.conversation)

    def compose(self, text: str) -> Message:
        """Make the next message of what was typed and staged; what is staged stays so far."""
        return Message.user(scrub(text), *(item.block for item in self.staged))

    def request(
        self,
        message: Message | None,
        base: Conversation | None = None,
        *,
        prefill: str | None = None,
    ) -> Request:
        """Build the request that sends `message` after `base`, or after the conversation.

        `prefill` replaces what is set for the next reply, which then has no form either.
        """
        after = self.trusted(base or self.conversation)
        chosen = (self.prefill or self.pinned_prefill) if prefill is None else prefill
        ask = self.ask(
            chosen if message is not None else "", self.form if prefill is None else None
        )
        return build_request(after, self.settings, self.model, message, ask)

    def ask(self, prefill: str, form: "Form | None" = None) -> Ask:
        """Say what the next turn asks for beyond the settings."""
        schema = form.schema if form is not None and self.model.structured else None
        return Ask(
            prefill=prefill,
            instruction=form.instruction if form is not None and schema is None else "",
            schema=schema,
            interactive=self.interactive,
            previous_message_id=self.conversation.last_message_id,
            extra_tokens=self._prefill_tokens(prefill),
            diagnose=not self.settings.base_url,
        )

    @property
    def ledger(self) -> "Ledger":
        """The token book; asking it for the first time may take some tenths of a second."""
        if self._ledger is None:
            from chatrepl.core.tokens.counts import Ledger

            self._ledger = Ledger(self.edges.count, self.edges.scales())
        if self._behind:
            self._behind = False
            self._ledger.resume(self.conversation, self.model)
        return self._ledger

    def estimate(self, request: Request) -> "Estimate":
        """Tell the tokens of a request's input."""
        return self.ledger.request(request, self.model)

    def context(self) -> "Estimate | None":
        """Tell the tokens that would be sent now; None while counting would make the user wait."""
        if not self.edges.can_count():
            return None
        return self.ledger.next_total(self.conversation, self.model)

    def leave_edit(self) -> None:
        """Let the next message follow the conversation again, without what an edit had staged."""
        if self.base is not None:
            self.base = None
            self._unstage(*self.conversation.path())

    def change(self, conversation: Conversation) -> None:
        """Go on with a changed conversation."""
        self.leave_edit()
        self.conversation = conversation
        self.recorder.state(conversation)

    def open(self, conversation: Conversation, recorder: Recorder) -> None:
        """Go on with another conversation; `undo` returns to this one, `redo` then to that."""
        self.shelf = self.shelf.put((replace(self.conversation, future=()), self.recorder))
        self._take((conversation, recorder))
        self._floor = len(conversation.past)

    def undo(self) -> bool:
        """Step back over the last change, or to the conversation before; tell whether it went."""
        if len(self.conversation.past) <= self._floor:
            self._floor = 0
            if self._swap(self.shelf.back((self.conversation, self.recorder))):
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

    def _swap(self, found: tuple[Shelf, OpenPair] | None) -> bool:
        if found is not None:
            self.shelf = found[0]
            self._take(found[1])
        return found is not None

    def _take(self, kept: OpenPair) -> None:
        self.leave_edit()
        self.conversation, self.recorder = kept
        self.footprint, self.miss, self.index = None, "", Index()
        self._behind = self._ledger is not None

    def adjust(self, **changes: Any) -> None:
        """Change parts of the conversation's state; one step for undo."""
        state: State = replace(self.conversation.state, **changes)
        self.change(self.conversation.then(state))

    def use(self, **changes: Any) -> None:
        """Change settings for the rest of the session."""
        self.settings = replace(self.settings, **changes)

    def learn(self, **facts: Any) -> None:
        """Remember what the service taught about the model in use."""
        from chatrepl.api.catalog import Catalog

        id_ = self.model.id
        if isinstance(self.models, Catalog):
            self.models = self.models.learn(id_, facts)
        if self.model != self.model.learned(facts):  # a model that no list holds
            self.models = {**self.models, id_: self.model.learned(facts)}
        self.edges.learn(id_, facts)

    def distrust(self, part: RefusedPart, base: Conversation | None = None) -> None:
        """Send that part of the turns so far no more: the service refuses it."""
        self._distrust = self._distrust.of(part, base or self.conversation)

    def trusted(self, conversation: Conversation) -> Conversation:
        """Give the conversation without what the service refuses."""
        return self._distrust.without(conversation)

    def open_turn(
        self, message: Message, request: Request, base: Conversation | None = None
    ) -> Turn:
        """Begin a turn: the message is kept before anything is sent."""
        after = base or self.conversation
        messages = new_messages(after, self.model, request.with_ours(message))
        return self._begun(Turn(TurnId(""), after.head, messages, ours=request.ours))

    def reopen_turn(self, cut: Turn) -> Turn:
        """Begin a turn that goes on with the reply of `cut`, as its sibling."""
        return self._begun(replace(cut, messages=cut.messages[:-1], receipt=None))

    def add_turn(self, parent: TurnId | None, *messages: Message) -> Turn:
        """Add a turn that nobody sent, as it stands."""
        id_ = TurnId(self.edges.new_id())
        turn = Turn(id_, parent, messages, created=self.edges.clock())
        self.change(self.conversation.add(turn))
        return turn

    def _begun(self, turn: Turn) -> Turn:
        now = self.edges.clock()
        begun = replace(turn, id=TurnId(self.edges.new_id()), created=now)
        if not self.conversation.turns:
            self.recorder.state(self.conversation)  # the system prompt that it begins with
        self.recorder.begin(begun)
        return begun

    def close_turn(
        self, turn: Turn, request: Request, reply: Reply, written: Message | None, error: str = ""
    ) -> Turn:
        """End a turn with what was written; without anything, the conversation stays as it was."""
        messages = turn.messages if written is None else (*turn.messages, written)
        done = replace(turn, messages=messages, receipt=self._receipt(turn, request, reply, error))
        self._account(request, reply, written, done)
        if written is not None or reply.complete:
            self.leave_edit()
            self.conversation = self.conversation.add(done)
            self._unstage(done)
            if request.prefill is not None and request.prefill.text == self.prefill:
                self.prefill = ""
        self.recorder.finish(done)
        return done

    def _unstage(self, *turns: Turn) -> None:
        sent = {id(block) for turn in turns for block in turn.question}
        self.staged = tuple(item for item in self.staged if id(item.block) not in sent)

    def _account(self, request: Request, reply: Reply, written: Message | None, done: Turn) -> None:
        """Enter what a reply took into the books."""
        if not reply.usage_known or done.receipt is None:
            return
        from chatrepl.core.prompt_cache import footprint, miss_words

        receipt = done.receipt
        cost = None
        if receipt.cost_usd is not None:
            cost = Cost(receipt.cost_usd, receipt.uncached_usd or receipt.cost_usd)
        self.meter = self.meter.add(receipt.usage, cost)
        self.footprint = footprint(request, reply.usage, self.edges.clock()) or self.footprint
        self.miss = miss_words(reply.diagnostics)
        if not self.interactive:
            return
        if self.edges.can_count() and reply.earlier == Usage():
            self.ledger.observe(request, self.model, reply.usage, written)
        else:
            self._behind = True

    def _prefill_tokens(self, prefill: str) -> int:
        count = self.edges.count if self.edges.can_count() else rough_count
        return count(prefill) + 8 if prefill else 0

    def _receipt(self, turn: Turn, request: Request, reply: Reply, error: str) -> Receipt:
        now = self.edges.clock()
        known = reply.usage_known
        cost = self.edges.price(request.model, reply.total_usage, now) if known else None
        return receipt_of(request, reply, cost, now - turn.created, error)
