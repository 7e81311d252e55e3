"""The session's token book: asks the tally about messages, turns and requests.

Each text is encoded once, however often it is asked about: what was counted is remembered by text
and by message. Everything else here is a question to frozen values.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.view import Sent, build_sent, is_sent
from chatrepl.core.models import Model, find
from chatrepl.core.talk.blocks import ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tokens.estimate import (
    MESSAGE_FRAME,
    Bulk,
    Estimate,
    Features,
    features,
    message_bulk,
)
from chatrepl.core.tokens.learned import Scale, ScalePart, Tally, family
from chatrepl.core.value import frozen
from chatrepl.core.wire import encode


@frozen
class _LastAnswer:
    """The last answer, and what it was made of."""

    conversation: Conversation
    tally: Tally
    model: Model
    parts: list[ScalePart]
    estimate: Estimate


class Ledger:
    """Counts what is sent. `count` gives a text's cl100k tokens; `scales` what is known already.

    `tools` are those that the next request declares, as JSON.
    """

    def __init__(
        self, count: Callable[[str], int], scales: Mapping[str, Scale] | None = None
    ) -> None:
        self.tools = ""
        self._count = count
        self.tally = Tally(scales=dict(scales or {}))
        self._texts: dict[str, Features] = {}
        self._bulks: dict[bytes, Bulk] = {}
        self._parts: dict[tuple[bytes, str], ScalePart] = {}
        self._last: _LastAnswer | None = None

    def declare(self, tools: str) -> None:
        """Count tools, as JSON, with what is sent from now on."""
        if tools != self.tools:
            self.tools, self._last = tools, None

    def text(self, text: str, model: Model) -> Estimate:
        """Estimate a text on its own, without a frame."""
        return Estimate(
            round(self._features(text).tokens(model.tokenizer) * self.tally.scale(model))
        )

    def message(self, message: Message, model: Model) -> Estimate:
        """Give the tokens of one message, its frame included."""
        part = self._part(message, model)
        return Estimate(round(self.tally.weigh(part, model)), self.tally.is_exact(part, model))

    def turn(self, turn: Turn, model: Model) -> Estimate:
        """Give the tokens of a turn's messages as they would be sent."""
        messages = (message.sendable for message in turn.messages if not message.is_silent)
        parts = [self._part(message, model) for message in messages]
        tokens = sum(self.tally.weigh(part, model) for part in parts)
        return Estimate(round(tokens), all(self.tally.is_exact(part, model) for part in parts))

    def request(self, request: Request, model: Model) -> Estimate:
        """Give the tokens of a whole request."""
        return self._total(self._request_parts(request, model), model)

    def doubt(self, request: Request, model: Model) -> float:
        """Give the share of a request that the service never counted for this model."""
        return self.tally.doubt(self._request_parts(request, model), model)

    def next_total(self, conversation: Conversation, model: Model, *draft: Message) -> Estimate:
        """Give the tokens that would be sent now, with the `draft` messages at the end.

        Asking again about the same costs nothing.
        """
        if draft:
            return self._total(self._sent_parts(conversation, model, *draft), model)
        last = self._last
        if last is not None and last.model != model:
            last = None
        if last is not None and last.conversation is conversation and last.tally is self.tally:
            return last.estimate
        added = None if last is None else _added(last.conversation, conversation, model)
        if last is None or added is None:
            parts = self._sent_parts(conversation, model)
        else:
            parts = [*last.parts, *(self._part(message, model) for message in added)]
        estimate = self._total(parts, model)
        self._last = _LastAnswer(conversation, self.tally, model, parts, estimate)
        return estimate

    def observe(
        self, request: Request, model: Model, usage: Usage, reply: Message | None = None
    ) -> None:
        """Learn from what the service counted for `request`, and for the `reply` to it.

        `usage` must be that of this one request, not a sum over several. `reply` is for one that
        is complete: what was interrupted was not counted to its end.
        """
        if usage.total_input_tokens > 0:
            self.counted(request, model, usage.total_input_tokens)
        if reply is None or usage.output_tokens <= 0:
            return
        begun = request.messages[-1] if request.messages else None
        prefix = 0.0
        if begun is not None and begun.role == "assistant":
            prefix = self.tally.weigh(self._part(begun, model), model) - MESSAGE_FRAME
        self._replied(reply, prefix, model, usage)

    def counted(self, request: Request, model: Model, total: int) -> None:
        """Take over the service's count of `request`, from a reply or from `count_tokens`."""
        self.tally = self.tally.counted(self._request_parts(request, model), total, model)

    def resume(self, conversation: Conversation) -> None:
        """Learn what a saved conversation's receipts tell, each of the model that was asked.

        The last total is believed only if what is sent is still what was sent then.
        """
        path = conversation.path()
        for turn in path:
            reply, receipt = turn.assistant, turn.receipt
            if reply is None or receipt is None or receipt.prefill is not None:
                continue
            if receipt.stop_reason is None:  # interrupted: not counted to its end
                continue
            if turn.rounds > 1:  # its counts are those of several requests
                continue
            if reply.model and receipt.usage.output_tokens > 0:
                self._replied(reply, 0.0, find(reply.model), receipt.usage)
        last = path[-1] if path else None
        if last is None or last.receipt is None or last.assistant is None or last.rounds > 1:
            return
        total, model = last.receipt.usage.total_input_tokens, find(last.assistant.model)
        asked = self._before_reply(conversation, last, model) if last.assistant.model else None
        if asked is not None and total > 0:
            self.tally = self.tally.counted(asked, total, model)

    def _before_reply(
        self, conversation: Conversation, last: Turn, model: Model
    ) -> list[ScalePart] | None:
        """Give the parts of the request that the last reply answered; None if it was another."""
        at = len(last.messages) - 1
        if last.messages[at].role != "assistant":
            return None
        cut = replace(last, messages=last.messages[:at])
        before = replace(conversation, turns={**conversation.turns, last.id: cut})
        sent = build_sent(before, model)
        if sent.bound != last.messages[at].bound:
            return None
        return self._parts_of(sent, model)

    def _sent_parts(
        self, conversation: Conversation, model: Model, *draft: Message
    ) -> list[ScalePart]:
        return self._parts_of(build_sent(conversation, model, *draft), model)

    def _parts_of(self, sent: Sent, model: Model) -> list[ScalePart]:
        messages = (self._part(message, model) for message in sent.messages)
        return [*self._preamble(sent.system, self.tools, model), *messages]

    def _replied(self, reply: Message, prefix: float, model: Model, usage: Usage) -> None:
        exact = prefix == 0 and not _holds_results(reply)
        tokens = MESSAGE_FRAME + prefix + usage.output_tokens
        reply = reply.sendable
        if not _holds_results(reply):
            part = self._part(reply, model)
            spoken = tokens - usage.thinking_tokens
            whole = tokens if reply.has_thinking else spoken
            self.tally = self.tally.replied(part, whole, model, exact=exact)
            if reply.has_thinking:
                bare = self._part(reply.without_thinking, model)
                self.tally = self.tally.replied(bare, spoken, model, exact=exact)

    def _total(self, parts: list[ScalePart], model: Model) -> Estimate:
        tokens, exact = self.tally.total(parts, model)
        return Estimate(round(tokens), exact)

    def _request_parts(self, request: Request, model: Model) -> list[ScalePart]:
        params = request.params
        tools = params.get("tools")
        return [
            *self._preamble(_text(params.get("system")), encode(tools) if tools else "", model),
            *(self._part(message, model) for message in request.messages),
        ]

    def _preamble(self, system: str, tools: str, model: Model) -> Iterable[ScalePart]:
        for text in (tools, system):
            if text.strip():
                counts = self._features(text)
                tokens = counts.tokens(model.tokenizer)
                yield ScalePart(text.encode("utf-8", "replace"), tokens, features=counts)

    def _part(self, message: Message, model: Model) -> ScalePart:
        key = (message.digest, family(model))
        part = self._parts.get(key)
        if part is None:
            bulk = self._bulk(message)
            text, fixed = bulk.text_tokens(model), bulk.fixed_tokens(model)
            part = ScalePart(message.digest, text, fixed, bulk.text)
            self._parts[key] = part
        return part

    def _bulk(self, message: Message) -> Bulk:
        bulk = self._bulks.get(message.digest)
        if bulk is None:
            bulk = message_bulk(message, self._features)
            self._bulks[message.digest] = bulk
        return bulk

    def _features(self, text: str) -> Features:
        counts = self._texts.get(text)
        if counts is None:
            counts = features(text, self._count(text))
            self._texts[text] = counts
        return counts


def _added(before: Conversation, now: Conversation, model: Model) -> tuple[Message, ...] | None:
    """Give what is sent more `now`, where it is one plain exchange; None where it may be more.

    In a long chat this saves putting everything together again after each reply.
    """
    if now.head is None or not now.past or now.past[-1] is not before.state:
        return None
    turn = now.turns[now.head]
    if replace(now.state, head=before.head) != before.state or turn.parent != before.head:
        return None
    last = before.turns[before.head] if before.head is not None else None
    if last is not None and (not last.messages or last.messages[-1].role != "assistant"):
        return None
    return turn.messages if is_sent(turn, now) and _is_plain(turn.messages, model) else None


def _is_plain(messages: tuple[Message, ...], model: Model) -> bool:
    """Tell whether a turn is a question and a reply that go out as they are."""
    return [m.role for m in messages] == ["user", "assistant"] and all(
        m.sendable is m
        and not any(isinstance(b, ToolUseBlock | ToolResultBlock) for b in m.content)
        and not (m.has_thinking and m.model != model.id)
        for m in messages
    )


def _text(system: Any) -> str:
    """Give the text of a system prompt, however it is written."""
    if isinstance(system, str):
        return system
    return "".join(str(block.get("text", "")) for block in system or ())


def _holds_results(reply: Message) -> bool:
    """Tell whether the service put results of its own tools in: they cost input, not output."""
    return any(
        isinstance(block, ToolResultBlock)
        or (isinstance(block, ToolUseBlock) and block.type == "server_tool_use")
        for block in reply.content
    )
