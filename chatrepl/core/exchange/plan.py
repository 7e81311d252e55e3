"""What is sent for a turn, and how its reply joins what stands there already.

Each way to ask is one function from the situation to a plan: a question (also one that is asked
again or was edited), the rest of a reply that was cut, something aside, and something beside the
conversation. Where the service refuses a plan and that teaches us something, the same function
makes the next one. To add a way to ask, add such a function.
"""

from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.joining import Joiner, Joining, Seam, resume_point, words
from chatrepl.core.exchange.params import wants_thinking
from chatrepl.core.exchange.refused import Refused, of_server
from chatrepl.core.exchange.reply import PrefillBegun, Reply
from chatrepl.core.exchange.request import Ask, Request, binding, build_request, declared
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import THINKING, Block, TextBlock, ToolResultBlock
from chatrepl.core.talk.conversation import Conversation, Prefill, Turn, TurnId, container_id
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen, replace

_NO_ID: Final = TurnId("")  # a turn gets its own when it begins


@frozen
class Situation:
    """What requests are made from. `ask` is what is set for the next message.

    `refused` is what the service does not take back of these earlier turns.
    """

    conversation: Conversation
    settings: Settings
    model: Model
    ask: Ask = Ask()
    refused: Refused = Refused()

    @property
    def plain(self) -> "Situation":
        """The same with neither prefill nor form."""
        return replace(self, ask=replace(self.ask, prefill="", instruction="", schema=None))

    @property
    def declared(self) -> str:
        """The tools that the next request brings, as JSON."""
        return declared(self.conversation, self.settings, self.model, self.ask)

    @property
    def binding(self) -> str:
        """The tools that the thinking so far has to be bound to, as JSON."""
        return binding(self.conversation, self.settings, self.model, self.ask)

    def request(self, message: Message | None, base: Conversation | None = None) -> Request:
        """Build the request that sends `message` after `base`, or after the conversation.

        Without a message it is what stands there, and no reply is begun.
        """
        refused = self.refused | of_server(self.model.refused)
        after = refused.without(base or self.conversation)
        after = _without_others(after, self.ask)
        ask = self.ask if message is not None else replace(self.ask, prefill="")
        if self.settings.code:
            gone = after.container in refused.containers
            ask = replace(ask, container="" if gone else after.container)
        return build_request(after, self.settings, self.model, message, ask)


def _without_others(conversation: Conversation, ask: Ask) -> Conversation:
    """Leave out what servers of tools said that the service is not to connect to."""
    if not any(m.remotes for turn in conversation.path() for m in turn.messages):
        return conversation
    from chatrepl.core.exchange.connector import without_others  # seldom needed

    return without_others(conversation, ask.servers)


@frozen
class Cut:
    """A reply that is gone on with: what stays before its last text, and that text."""

    message: Message
    keep: tuple[Block, ...]
    text: str


@frozen
class Plan:
    """One request, the turn that it begins, and the reply that it goes on with, if it does.

    `after` is the conversation that the request was made of.
    """

    request: Request
    after: Conversation
    turn: Turn
    cut: Cut | None = None

    @property
    def begins(self) -> PrefillBegun | None:
        """What the reply begins with, before anything has come."""
        if self.cut is not None:
            end = self.cut.text[resume_point(self.cut.text) :]
            return PrefillBegun(Prefill(self.cut.text, "emulated"), end)
        return PrefillBegun(self.request.prefill) if self.request.prefill is not None else None

    def joining(self) -> Joining:
        """Give what joins the reply's events to that beginning."""
        prefill = self.request.prefill
        if prefill is not None and prefill.mode != "schema":
            return Joining(Joiner(prefill.text, prefill.mode))
        return Joining(Seam(self.cut.text) if self.cut is not None else None)

    def resumed(self, reply: Reply) -> Request:
        """Build the request that lets the service go on after a pause of its own."""
        part = Message("assistant", reply.content(), self.request.model, self.request.bound)
        request = self.request.within(container_id(reply.container))
        return replace(request, messages=(*request.messages, part))

    def written(self, reply: Reply) -> Message | None:
        """Give the reply as it goes into the conversation; None where nothing came."""
        content = reply.content()
        if self.cut is None:
            message = Message("assistant", content, self.request.model, self.request.bound)
            return message if content else None
        rest: tuple[Block, ...] = tuple(
            block for block in content if not isinstance(block, THINKING)
        )
        if not rest:
            return self.cut.message if reply.complete else None  # there was no more to say
        if not any(isinstance(block, TextBlock) for block in rest):
            rest = (self.cut.message.content[-1], *rest)
        return replace(self.cut.message, content=(*self.cut.keep, *rest))


def plan_turn(situation: Situation, message: Message, base: Conversation | None = None) -> Plan:
    """Plan to send `message` after `base`, or after the conversation."""
    after = base or situation.conversation
    request = situation.request(message, after)
    messages = (request.with_ours(message), *request.changes)
    return Plan(request, after, Turn(_NO_ID, after.head, messages, ours=request.ours))


def plan_round(
    situation: Situation, before: Conversation, turn: Turn, *, is_last: bool = False
) -> Plan:
    """Plan to send what a turn that follows `before` holds so far, up to its answers to calls.

    After the last ones the model is to call nothing more.
    """
    after = before.before(turn).add(turn)
    request = situation.request(None, after)
    if is_last and "tools" in request.params:
        request = replace(request, params={**request.params, "tool_choice": {"type": "none"}})
    return Plan(request, after, turn)


def has_answers(request: Request, turn: Turn) -> bool:
    """Tell whether a request brings all the answers to calls that the turn ends with.

    Without one of them its call would be made again, and what it does be done twice.
    """
    wanted = turn.messages[-1].content if turn.messages else ()
    sent = next((m.content for m in reversed(request.messages) if m.role != "system"), ())
    return _answers(wanted) <= _answers(sent)


def _answers(blocks: tuple[Block, ...]) -> int:
    return sum(isinstance(block, ToolResultBlock) for block in blocks)


def plan_aside(situation: Situation, message: Message, model: Model) -> Plan:
    """Plan to ask `model` something that enters no conversation, in no form.

    With the same model, system prompt, tools and settings it is read from the cache.
    """
    settings = replace(situation.settings, stop_sequences=())  # they would cut it
    return plan_turn(replace(situation.plain, settings=settings, model=model), message)


def plan_beside(situation: Situation, message: Message, model: Model) -> Plan:
    """Plan to ask `model` something beside the conversation: as the next turn, up to the question.

    What follows the question there is left out. So all before it is read from the cache, and
    thinking stays bound to its past. Another model has nothing in the cache, and needs no form.
    """
    schema = situation.ask.schema if model.id == situation.model.id else None
    ask = replace(situation.ask, instruction="", schema=schema)
    turn = replace(situation, model=model, ask=ask).request(message)
    plan = plan_turn(replace(situation, model=model, ask=replace(ask, prefill="")), message)
    request = replace(plan.request, params=turn.params, betas=turn.betas)
    return replace(plan, request=request)


def plan_rest(situation: Situation) -> Plan:
    """Plan to go on with the last reply where it stops; the whole is a sibling of the cut one.

    Natively where the model takes a prefill, else by asking for the rest. Raises UsageError where
    there is nothing to go on with.
    """
    conversation, plain = situation.conversation.settled(), situation.plain
    if (open_turn := _answered_last(conversation)) is not None:
        plan = plan_round(plain, conversation, open_turn)
        return replace(plan, turn=replace(open_turn, id=_NO_ID, receipt=None))
    turn, cut = _cut(conversation)
    begun = replace(turn, id=_NO_ID, messages=turn.messages[:-1], receipt=None)
    if _can_begin_with(cut, turn, situation):
        after, question = conversation.before(turn), Message("user", turn.question).sendable
        request = replace(plain, ask=replace(plain.ask, prefill=cut.text)).request(question, after)
        return Plan(request, after, begun, cut)
    request = plain.request(Message.user(words(cut.text)), conversation)
    return Plan(request, conversation, begun, cut)


def _answered_last(conversation: Conversation) -> Turn | None:
    """Give the last turn where it ends in answers that the model has not taken up, and is sent."""
    turn = conversation.turns[conversation.head] if conversation.head is not None else None
    return turn if turn is not None and turn.waits and is_sent(turn, conversation) else None


def _can_begin_with(cut: Cut, turn: Turn, situation: Situation) -> bool:
    """Tell whether the question can be asked again with the reply so far as its prefill."""
    return (
        situation.model.prefill is True
        and not wants_thinking(situation.settings, situation.model)
        and [m.role for m in turn.messages if m.role != "system"] == ["user", "assistant"]
        and bool(Message("user", turn.question).sendable.content)
        and all(isinstance(block, THINKING) for block in cut.keep)
    )


def _cut(conversation: Conversation) -> tuple[Turn, Cut]:
    """Find the turn that is gone on with, and its reply. Raises UsageError where there is none."""
    turn = conversation.turns[conversation.head] if conversation.head is not None else None
    last = turn.ending if turn is not None else None
    if turn is None or last is None:
        raise UsageError("There is no text to go on with.", "/retry asks the question again.")
    if not is_sent(turn, conversation):
        refused = turn.receipt is not None and turn.receipt.stop_reason == "refusal"
        hint = "/edit changes the question." if refused else "/restore sends it again."
        raise UsageError("The last turn is not sent, so nothing can go on with it.", hint)
    reply = turn.messages[-1]
    return turn, Cut(reply, reply.content[:-1], last.text)
