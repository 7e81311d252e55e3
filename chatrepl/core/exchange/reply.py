"""What can happen while a reply streams in, and the reply built up from it.

`Reply.apply` never raises: a service may leave out or repeat what it likes, and what came is kept.
To add an event, write its class here, add it to `StreamEvent`, and give it a case in `apply`.
"""

from dataclasses import field
from typing import Any, TypeAlias, assert_never

from chatrepl.core.exchange.open_block import OpenBlock
from chatrepl.core.talk.blocks import Block, TextBlock, ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Prefill
from chatrepl.core.talk.usage import Usage, summed, updated
from chatrepl.core.value import frozen, replace
from chatrepl.core.wire import Wire


@frozen
class MessageStart:
    """The service began to answer: it counted the input and says which model writes."""

    model: str = ""
    message_id: str | None = None
    usage: Wire | None = None
    request_id: str | None = None
    diagnostics: Wire | None = None


@frozen
class BlockStart:
    """A content block opens; `wire` is complete for blocks that do not stream."""

    index: int
    wire: Wire


@frozen
class TextDelta:
    text: str
    index: int = 0


@frozen
class ThinkingDelta:
    text: str
    index: int = 0


@frozen
class SignatureDelta:
    signature: str
    index: int = 0


@frozen
class InputDelta:
    """A piece of a tool call's input, as JSON text."""

    partial_json: str
    index: int = 0


@frozen
class CitationDelta:
    citation: Wire
    index: int = 0


@frozen
class OtherDelta:
    """A delta of a kind that we do not know; its `parts` go with its block."""

    parts: Wire
    index: int = 0


@frozen
class BlockStop:
    index: int = 0


@frozen
class MessageDelta:
    """The reply is written: why it ended, and the final counts."""

    stop_reason: str | None = None
    stop_details: Wire | None = None
    usage: Wire | None = None
    stop_sequence: str | None = None
    container: Wire | None = None


@frozen
class MessageStop:
    """The reply is complete. Without this event it was cut."""


@frozen
class RetryWait:
    """The request failed and is sent again in `seconds`; one such event a second."""

    reason: str
    seconds: int
    attempt: int
    attempts: int


@frozen
class PrefillBegun:
    """The reply begins with this text, which is on screen before anything has come.

    `shown` is the part of it that is to be seen, where that is not all.
    """

    prefill: Prefill
    shown: str | None = None

    @property
    def text(self) -> str:
        """What is shown; nothing where a schema rules the form."""
        if self.prefill.mode == "schema":
            return ""
        return self.prefill.text if self.shown is None else self.shown


@frozen
class Remark:
    """Something the user should know about this turn; it is no part of the reply."""

    text: str


@frozen
class CallAnswered:
    """A call of the model was answered from here; what comes next is another message."""

    block: ToolResultBlock


StreamEvent: TypeAlias = (
    MessageStart
    | BlockStart
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | InputDelta
    | CitationDelta
    | OtherDelta
    | BlockStop
    | MessageDelta
    | MessageStop
    | RetryWait
    | PrefillBegun
    | Remark
    | CallAnswered
)


@frozen
class Reply:
    """A reply as far as it has come.

    `unsigned` is thinking that is no block of it, with its place among them; `again` tells that its
    request is sent once more, `uncounted` that what had come of it before is in no count.
    """

    blocks: tuple[Block, ...] = ()
    open: OpenBlock | None = None
    unsigned: tuple[tuple[int, Block], ...] = ()
    model: str = ""
    message_id: str | None = None
    request_id: str | None = None
    prefill: Prefill | None = None
    stop_reason: str | None = None
    stop_details: Wire | None = None
    diagnostics: Wire | None = None
    usage: Usage = field(default_factory=Usage)
    earlier: Usage = field(default_factory=Usage)
    usage_known: bool = False
    counted: Wire = field(default_factory=dict)
    counted_earlier: Wire = field(default_factory=dict)
    stop_sequence: str | None = None
    container: Wire | None = None
    started: bool = False
    complete: bool = False
    again: bool = False
    uncounted: bool = False
    retries: int = 0

    @property
    def calls(self) -> tuple[ToolUseBlock, ...]:
        """The calls that are ours to answer."""
        uses = (block for block in self.blocks if isinstance(block, ToolUseBlock))
        return tuple(block for block in uses if block.type == "tool_use")

    def apply(self, event: StreamEvent) -> "Reply":  # noqa: C901, PLR0912 - one case an event
        """Give the reply as it stands after `event`."""
        match event:
            case TextDelta(text, index):
                return self._grow(index, "text", text)
            case ThinkingDelta(text, index):
                return self._grow(index, "thinking", text)
            case InputDelta(text, index):
                return self._feed(index, text)
            case SignatureDelta(signature, index):
                reply, block = self._opened(index, "thinking")
                return replace(reply, open=replace(block, signature=block.signature.add(signature)))
            case CitationDelta(citation, index):
                reply, block = self._opened(index, "text")
                return replace(reply, open=replace(block, citations=(*block.citations, citation)))
            case OtherDelta(parts, index):
                grown = self.open
                if grown is None or grown.index != index:
                    return self
                return replace(self, open=grown.merged(parts))
            case BlockStart(index, wire):
                closed = self._closed()
                return replace(closed, open=_begun(closed, OpenBlock(index, wire)))
            case BlockStop():
                return self._closed()
            case MessageStart():
                return self._begin(event)
            case MessageDelta(stop_reason, stop_details, usage):
                return replace(
                    self,
                    stop_sequence=event.stop_sequence or self.stop_sequence,
                    container=event.container or self.container,
                    counted=updated(self.counted, usage),
                    stop_reason=stop_reason or self.stop_reason,
                    stop_details=stop_details or self.stop_details,
                    usage=self.usage.merged(usage),
                    usage_known=self.usage_known or usage is not None,
                )
            case MessageStop():
                # What stops without a reason has ended: a cut reply alone is left without one.
                reason = self.stop_reason or "end_turn"
                return replace(self._closed(), complete=True, stop_reason=reason)
            case RetryWait(attempt=attempt):
                return self._again(attempt)
            case PrefillBegun(prefill):
                return replace(self, prefill=prefill)
            case Remark() | CallAnswered():  # no part of the message
                return self
            case _:
                assert_never(event)

    @property
    def text(self) -> str:
        """The text so far, the open block's included."""
        closed = "".join(b.text for b in self.blocks if isinstance(b, TextBlock))
        return closed + self.open.written if self.open and self.open.type == "text" else closed

    @property
    def total_usage(self) -> Usage:
        """The counts of the whole reply; one that was paused took several requests."""
        return self.earlier + self.usage

    @property
    def usage_wire(self) -> dict[str, Any]:
        """The service's own counts, all of them, of all requests that the reply took."""
        counts = self.total_usage.to_wire()
        return {**counts, **summed(self.counted_earlier, self.counted), **counts}

    def after(self, before: "Reply") -> "Reply":
        """Give what came as a whole with what came `before` it, and with the answers in between."""
        at = len(before.blocks)
        return replace(
            self,
            blocks=(*before.blocks, *self.blocks),
            unsigned=(*before.unsigned, *((at + n, block) for n, block in self.unsigned)),
            model=self.model or before.model,
            message_id=self.message_id or before.message_id,
            request_id=self.request_id or before.request_id,
            prefill=before.prefill,
            earlier=before.total_usage + self.earlier,
            usage_known=self.usage_known or before.usage_known,
            counted_earlier=summed(
                summed(before.counted_earlier, before.counted), self.counted_earlier
            ),
            container=self.container or before.container,
            started=True,
            uncounted=before.uncounted or self.uncounted,
            retries=before.retries + self.retries,
        )

    @property
    def has_content(self) -> bool:
        """Tell whether anything of a message has come."""
        return bool(self.content())

    def content(self) -> tuple[Block, ...]:
        """Give the blocks so far, as far as they can be sent again.

        Thinking that was not yet signed and tool calls that were cut are left out: the service
        would refuse them.
        """
        if self.open is None:
            return self.blocks
        last = None if self.open.is_call else self.open.close()
        return self.blocks if last is None else (*self.blocks, last)

    def came(self) -> tuple[Block, ...]:
        """Give the blocks so far as they came, with the thinking that cannot be sent again."""
        blocks = list(self.content())
        for place, thought in reversed(self._thoughts()):
            blocks.insert(place, thought)
        return tuple(blocks)

    def _thoughts(self) -> tuple[tuple[int, Block], ...]:
        thought = self.open.unsigned() if self.open is not None else None
        return self.unsigned if thought is None else (*self.unsigned, (len(self.blocks), thought))

    def _begin(self, event: MessageStart) -> "Reply":
        goes_on = self.started and self.stop_reason == "pause_turn"
        if self.started and not (goes_on or self.again):  # a service that says it twice
            return self
        earlier, counted_earlier = self.earlier, self.counted_earlier
        if goes_on:
            earlier, counted_earlier = self.total_usage, summed(counted_earlier, self.counted)
        return replace(
            self,
            started=True,
            again=False,
            model=event.model,
            message_id=event.message_id,
            request_id=event.request_id or self.request_id,
            diagnostics=event.diagnostics,
            stop_reason=None,
            earlier=earlier,
            usage=Usage().merged(event.usage),
            usage_known=event.usage is not None,
            counted=updated({}, event.usage),
            counted_earlier=counted_earlier,
        )

    def _again(self, attempt: int) -> "Reply":
        lost = self.uncounted or self.usage_known
        return replace(self, retries=attempt, again=True, uncounted=lost)

    def _closed(self) -> "Reply":
        if self.open is None:
            return self
        block = self.open.close()
        blocks = self.blocks if block is None else (*self.blocks, block)
        return replace(self, blocks=blocks, open=None, unsigned=self._thoughts())

    def _opened(self, index: int, kind: str) -> "tuple[Reply, OpenBlock]":
        if self.open is not None and (self.open.index, self.open.type) == (index, kind):
            return self, self.open
        closed = self._closed()
        return closed, _begun(closed, OpenBlock(index, {"type": kind}))

    def _feed(self, index: int, partial_json: str) -> "Reply":
        """Add to the input of a call; without the call that it belongs to it is of no use."""
        block = self.open
        if block is None or block.index != index or block.type in {"text", "thinking"}:
            return self
        return replace(self, open=block.add(partial_json))

    def _grow(self, index: int, kind: str, text: str) -> "Reply":
        reply, block = self._opened(index, kind)
        return replace(reply, open=block.add(text))


def _begun(reply: Reply, block: OpenBlock) -> OpenBlock:
    """Let the first text begin with the prefill."""
    prefill = reply.prefill
    if prefill is None or prefill.mode == "schema" or block.type != "text":
        return block
    if any(isinstance(b, TextBlock) for b in reply.blocks):
        return block
    return block.add(prefill.text)
