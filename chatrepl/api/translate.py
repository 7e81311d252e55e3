"""The API's stream events as ours. Nothing that a service may send makes this raise.

Fields that are missing or of the wrong type are taken for absent; events, deltas and blocks that
nobody knows are passed over, or kept as they are. What a block opens with is its first delta. A new
delta is one case in `_delta`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    OtherDelta,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.secrets import Veil
from chatrepl.core.wire import scrub, scrubbed

_Grown = TextDelta | ThinkingDelta | InputDelta
# What blocks grow in, and the deltas by which they do.
_GROWS: Final[Mapping[str, Mapping[str, str]]] = {
    "text": {"text": "text_delta"},
    "thinking": {"thinking": "thinking_delta", "signature": "signature_delta"},
}


_DELTAS: Final = frozenset(
    {"text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta"}
)


class Translator:
    """One reply's translation: knows which blocks were opened.

    It holds back half a character, and what may be the beginning of one of our `secrets`.
    """

    def __init__(self, request_id: str | None = None, secrets: Iterable[str] = ()) -> None:
        self._request_id = request_id
        self._veil = Veil(secrets)
        self._started = False
        self._seen: set[int] = set()
        self._last = 0
        self._held: _Grown | None = None
        self._given: dict[int, Any] = {}  # blocks that came with the message itself

    def translate(self, kind: str, data: Mapping[str, Any]) -> list[StreamEvent]:
        """Give our events for one of the API's; `kind` stands in where it names no type."""
        kind = _text(data.get("type")) or kind
        match kind:
            case "content_block_delta":
                return self._join(self._delta(self._index(data), _wire(data.get("delta"))))
            case "content_block_start":
                return [*self._flush(), *self._open(data)]
            case "content_block_stop":
                return [*self._flush(), BlockStop(self._index(data))]
            case "message_start":
                message = _wire(data.get("message"))
                begun = self._start(message)
                container = _whole(message.get("container"))
                return [*begun, MessageDelta(container=container)] if container else begun
            case "message_delta":
                delta = _wire(data.get("delta"))
                reason = _text(delta.get("stop_reason")) or None
                details, usage = (_whole(delta.get("stop_details")), _whole(data.get("usage")))
                sequence, container = delta.get("stop_sequence"), _whole(delta.get("container"))
                stopped = scrub(_text(sequence)) or None
                return [*self._flush(), MessageDelta(reason, details, usage, stopped, container)]
            case "message_stop":
                return [*self._flush(), MessageStop()]
            case _:
                return []

    def end(self) -> list[StreamEvent]:
        """Give what was held back when the stream ends."""
        return self._flush()

    def _start(self, message: Mapping[str, Any]) -> list[StreamEvent]:
        if self._started:
            return []
        self._started = True
        events: list[StreamEvent] = [
            MessageStart(
                _text(message.get("model")),
                _text(message.get("id")) or None,
                _whole(message.get("usage")),
                self._request_id,
                _whole(message.get("diagnostics")),
            )
        ]
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            events += [BlockStop(index - 1)] if index else []
            events += self._open({"index": index, "content_block": block})
            self._given[index] = _wire(block)
        return events

    def _open(self, data: Mapping[str, Any]) -> list[StreamEvent]:
        block = data.get("content_block")
        index = self._index(data, fresh=True)
        if not isinstance(block, dict) or not (kind := _text(block.get("type"))):
            return []
        given = self._given.pop(index, None)
        goes_on = given is not None and _text(given.get("type")) == kind
        if index in self._seen and (given is None or given == block):
            return []
        self._seen.add(index)
        self._last = index
        first, wire = self._first(index, block, _GROWS.get(kind, {}))
        return first if goes_on else [BlockStart(index, wire), *first]

    def _first(
        self, index: int, block: Mapping[str, Any], grows: Mapping[str, str]
    ) -> tuple[list[StreamEvent], Mapping[str, Any]]:
        """Give what a block opens with as its first deltas, and the block without it."""
        first: list[StreamEvent] = []
        wire = dict(block)
        for key, kind in grows.items():
            if _text(block.get(key)):
                wire[key] = ""
                first += self._join(self._delta(index, {"type": kind, key: block[key]}))
        if grows and isinstance(citations := block.get("citations"), list):
            wire["citations"] = []
            for each in citations:
                first += self._join(
                    self._delta(index, {"type": "citations_delta", "citation": each})
                )
        return first, scrubbed(wire)

    def _index(self, data: Mapping[str, Any], *, fresh: bool = False) -> int:
        index = data.get("index")
        if isinstance(index, int) and not isinstance(index, bool):
            return index
        return len(self._seen) if fresh else self._last

    @staticmethod
    def _delta(index: int, delta: Mapping[str, Any]) -> StreamEvent | None:
        match _text(delta.get("type")):
            case "text_delta" | "":
                return TextDelta(_text(delta.get("text")), index)
            case "thinking_delta":
                return ThinkingDelta(_text(delta.get("thinking")), index)
            case "input_json_delta":
                return InputDelta(_text(delta.get("partial_json")), index)
            case "signature_delta":
                return SignatureDelta(scrub(_text(delta.get("signature"))), index)
            case "citations_delta" if isinstance(delta.get("citation"), dict):
                return CitationDelta(scrubbed(delta["citation"]), index)
            case kind if kind and kind not in _DELTAS:
                parts = {key: value for key, value in delta.items() if key != "type"}
                return OtherDelta(scrubbed(parts), index)
            case _:
                return None

    def _join(self, event: StreamEvent | None) -> list[StreamEvent]:
        """Join what came in two deltas of the same block: halves of a character, or of a secret."""
        if event is None:
            return []
        if not isinstance(event, _Grown):
            return [*self._flush(), event]
        before: list[StreamEvent] = []
        text = _grown(event)
        if self._held is not None:
            if type(self._held) is type(event) and self._held.index == event.index:
                text = _grown(self._held) + text
                self._held = None
            else:
                before = self._flush()
        text = self._veil.hide(text)
        held = self._veil.open_end(text)
        if not held and text and "\ud800" <= text[-1] <= "\udbff":
            held = 1
        if held:
            self._held = _with(event, text[-held:])
            text = text[:-held]
        return [*before, _with(event, scrub(text))] if text else before

    def _flush(self) -> list[StreamEvent]:
        half, self._held = self._held, None
        return [] if half is None else [_with(half, scrub(_grown(half)))]


def _grown(event: _Grown) -> str:
    return event.partial_json if isinstance(event, InputDelta) else event.text


def _with(event: _Grown, text: str) -> _Grown:
    return type(event)(text, event.index)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _wire(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> Mapping[str, Any] | None:
    return scrubbed(value) if isinstance(value, dict) else None
