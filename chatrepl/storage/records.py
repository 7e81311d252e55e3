"""Records to values and back. A record is a JSON object with its type under `t`.

    conv    the file begins: `v` the format, `created`
    turn    a turn; with `open` it waits for its reply
    d       a piece of a reply: `id` of the turn, `kind` text or thinking, `text`
    end     the reply is there: `from` which message on it differs from the open turn; with `open`
            only the calls of a round are, or their answers, and the turn goes on
    state   where we stand (see `history_line.py`)
    meta    name, title, model and whatever else goes with the conversation: changed fields;
            `beside/ID` is a turn that was asked beside it (see `session/beside.py`)

Reading is strict about what it knows (`DamagedError`) and silent about keys it does not know.
Records of unknown type are skipped by the loader and stay in the file. To change the meaning of a
record, give it a `v` above `VERSION`: older readers then leave it alone.

JSON lines that are inert on a terminal, always encodable, and still readable and greppable.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from itertools import count, takewhile
from typing import Any, Final, cast

from chatrepl.core.foreign_json import DEEPEST, counted, decode
from chatrepl.core.talk.blocks import Block, TextBlock, block_from_wire, misfits
from chatrepl.core.talk.conversation import Prefill, Receipt, Turn, TurnId
from chatrepl.core.talk.message import ROLES, Message
from chatrepl.core.talk.usage import Cost, Usage, cost_of
from chatrepl.core.world import BESIDE, PAID_ASIDE

# JSON escapes C0 by itself. These would still act on a terminal that shows the file, or cannot be
# encoded at all: DEL and C1, invisible and bidirectional format characters, surrogate halves,
# non-characters and tags.
_UNSAFE: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def dumps(value: object) -> str:
    """Write `value` as one line of inert JSON; reading it gives back the exact text.

    Raises ValueError or RecursionError for what cannot be JSON: circles, endless nesting.
    """
    return escape(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain))


def line(value: object) -> bytes:
    """Write `value` as one line of a file."""
    return dumps(value).encode() + b"\n"


def escape(text: str) -> str:
    """Escape, inside JSON, what is not inert."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE.sub(_escaped, text)


def loads(data: bytes) -> Any:
    """Read one line. Raises ValueError.

    A record holds what was read from elsewhere some levels further in.
    """
    return decode(data, deepest=DEEPEST + _ENVELOPE, halves=True).value


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


VERSION: Final = 1
_MODES: Final = frozenset({"native", "schema", "emulated"})
_HUGE: Final = 1e18
_ENVELOPE: Final = 10
_RECEIPT_TEXTS: Final = (
    "model", "stop_reason", "stop_sequence", "message_id", "request_id", "error",
)  # fmt: skip
_RECEIPT_NUMBERS: Final = ("cost_usd", "uncached_usd", "duration_s")
_RECEIPT_FLAGS: Final = ("uncounted",)
_RECEIPT_OBJECTS: Final = ("stop_details", "sent", "container")


class DamagedError(ValueError):
    """A record that is JSON, but not what we wrote."""


def turn_to_record(turn: Turn, *, is_open: bool = False) -> dict[str, Any]:
    """Write a whole turn."""
    record: dict[str, Any] = {"t": "turn", "id": turn.id, "parent": turn.parent}
    if is_open:
        record["open"] = True
    record["created"] = turn.created
    if turn.ours:
        record["ours"] = turn.ours
    if turn.by_hand:
        record["by_hand"] = True
    record["messages"] = [message_to_record(m) for m in turn.messages]
    if turn.receipt is not None:
        record["receipt"] = receipt_to_record(turn.receipt)
    return record


def turn_from_record(record: Mapping[str, Any]) -> Turn:
    """Read a turn. Raises DamagedError."""
    receipt = record.get("receipt")
    return Turn(
        turn_id(record.get("id")),
        None if record.get("parent") is None else turn_id(record["parent"]),
        messages_from(record.get("messages")),
        None if receipt is None else receipt_from_record(receipt),
        ours=whole(record.get("ours", 0)),
        created=number(record.get("created", 0.0)),
        by_hand=record.get("by_hand") is True,
    )


def turns_beside(facts: object) -> Iterator[Turn]:
    """Give the turns that facts hold which were asked beside the conversation.

    One that was under way when its chatrepl ended is given as far as it came.
    """
    if not isinstance(facts, Mapping):
        return
    for key, record in facts.items():
        if isinstance(key, str) and key.startswith(BESIDE):
            with suppress(ValueError, AttributeError):  # one that is damaged costs no other
                turn = turn_from_record(record)
                yield turn if turn.receipt is not None else _as_it_came(turn, key, facts)


def _as_it_came(turn: Turn, place: str, facts: Mapping[str, Any]) -> Turn:
    keys = takewhile(facts.__contains__, (piece_key(place, number) for number in count(1)))
    text = "".join(text for key in keys if isinstance(text := facts[key], str))
    reply = (Message("assistant", (TextBlock(text),)),) if text else ()
    return replace(turn, messages=(*turn.messages, *reply), receipt=Receipt())


def piece_key(place: str, number: int) -> str:
    """Name the fact that holds a piece of an answer beside the conversation, counted from 1."""
    return f"{place}/{number}"


def take_facts(facts: dict[str, Any], changed: Mapping[str, Any]) -> None:
    """Take over facts that changed; the pieces of an answer go when it is there."""
    facts |= changed
    whole = tuple(
        f"{key}/"
        for key, record in changed.items()
        if key.startswith(BESIDE)
        and (record is None or (isinstance(record, Mapping) and "receipt" in record))
    )
    for key in [key for key in facts if whole and key.startswith(whole)]:
        del facts[key]


def paid_beside(facts: Mapping[str, Any], turns: Container[str] = ()) -> Iterator[Cost]:
    """Give what was paid for each question beside a conversation that is none of its `turns`."""
    for key, record in facts.items():
        match record:
            case {"id": str(id_), "receipt": dict(receipt)}:
                if key.startswith(BESIDE) and id_ not in turns:
                    with suppress(DamagedError):
                        yield cost_of(receipt_from_record(receipt)) or Cost(at_least=True)
            case _:
                pass


def paid_aside(facts: Mapping[str, Any]) -> Cost:
    """Tell what was paid in a conversation for what is kept nowhere, such as its title."""
    match facts.get(PAID_ASIDE):
        case [int() | float() as usd, int() | float() as uncached_usd, *rest]:
            return Cost(usd, uncached_usd, rest[:1] == [True])
        case _:
            return Cost()


def paid_since(facts: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Give anew what a conversation cost by its `facts`, now that others `changed`; or nothing."""
    beside = [*paid_beside(changed)]
    if not beside and PAID_ASIDE not in changed:
        return {}
    usd, was = (_dollars(facts.get(key)) for key in ("usd", "aside"))
    aside = paid_aside(changed) if PAID_ASIDE in changed else Cost(was)
    cost = sum(beside, aside + Cost(usd - was, at_least=facts.get("least") is True))
    return {"usd": cost.usd, "aside": aside.usd, "least": cost.at_least}


def _dollars(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def message_to_record(message: Message) -> dict[str, Any]:
    record = message.to_wire()
    if message.model:
        record["model"] = message.model
    if message.bound:
        record["bound"] = message.bound
    return record


def messages_from(value: Any) -> tuple[Message, ...]:
    """Read a list of messages. Raises DamagedError."""
    if not isinstance(value, list):
        raise DamagedError("no list of messages")
    return tuple(map(message_from_record, value))


def message_from_record(record: Any) -> Message:
    """Read a message. Raises DamagedError."""
    if not isinstance(record, dict) or not one_of(ROLES, record.get("role")):
        raise DamagedError("no message")
    content = record.get("content")
    if not isinstance(content, list):
        raise DamagedError("no list of blocks")
    # What the service wrote is kept as it came, also where it was not what it says.
    read = block_as_it_came if record["role"] == "assistant" else block_from_record
    blocks = tuple(map(read, content))
    model, bound = text(record.get("model", "")), text(record.get("bound", ""))
    config = record.get("output_config")
    effort = text(config.get("effort") or "") if isinstance(config, dict) else None
    return Message(record["role"], blocks, model, bound, effort)


def block_from_record(wire: Any) -> Block:
    """Read a block. Raises DamagedError for one that nothing could be done with."""
    block = block_as_it_came(wire)
    if wrong := misfits(wire):
        raise DamagedError(f"{', '.join(sorted(wrong))} of another type")
    return block


def block_as_it_came(wire: Any) -> Block:
    """Read a block whose parts may be of any type. Raises DamagedError for what is none."""
    if not isinstance(wire, dict) or not isinstance(wire.get("type"), str):
        raise DamagedError("no block")
    return block_from_wire(wire)


def receipt_to_record(receipt: Receipt) -> dict[str, Any]:
    """Write a receipt; what has its default is left out."""
    record: dict[str, Any] = {}
    default = Receipt()
    for key in (*_RECEIPT_TEXTS, *_RECEIPT_NUMBERS, *_RECEIPT_OBJECTS, *_RECEIPT_FLAGS):
        value = getattr(receipt, key)
        if value != getattr(default, key):
            record[key] = value
    if receipt.usage != default.usage:
        counts = ((f.name, getattr(receipt.usage, f.name)) for f in fields(Usage))
        record["usage"] = {key: value for key, value in counts if value}
    if receipt.prefill is not None:
        record["prefill"] = {"text": receipt.prefill.text, "mode": receipt.prefill.mode}
    return record


def receipt_from_record(record: Any) -> Receipt:
    """Read a receipt. Raises DamagedError."""
    if not isinstance(record, dict):
        raise DamagedError("no receipt")
    values: dict[str, Any] = {k: text(record[k]) for k in _RECEIPT_TEXTS if k in record}
    values |= {k: number(record[k]) for k in _RECEIPT_NUMBERS if k in record}
    values |= {k: record.get(k) is True for k in _RECEIPT_FLAGS}
    for key in _RECEIPT_OBJECTS:
        if isinstance(record.get(key), dict):
            values[key] = record[key]
    if isinstance(record.get("usage"), dict):
        names = {f.name for f in fields(Usage)}
        counts = {key: counted(record["usage"].get(key)) for key in names}
        values["usage"] = Usage(**{key: n for key, n in counts.items() if n is not None})
    prefill = record.get("prefill")
    if isinstance(prefill, dict) and one_of(_MODES, prefill.get("mode")):
        values["prefill"] = Prefill(text(prefill.get("text")), prefill["mode"])
    return Receipt(**values)


def one_of(words: frozenset[str], value: Any) -> bool:
    """Tell whether `value`, which may be anything, is one of `words`."""
    return isinstance(value, str) and value in words


def turn_id(value: Any) -> TurnId:
    """Check that `value` is a turn's id. Raises DamagedError."""
    return cast("TurnId", text(value))


def text(value: Any) -> str:
    """Check that `value` is text. Raises DamagedError."""
    if not isinstance(value, str):
        raise DamagedError("no text")
    return value


def number(value: Any) -> float:
    """Check that `value` is a number of a sane size. Raises DamagedError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
        raise DamagedError("no number")
    return value


def whole(value: Any) -> int:
    """Check that `value` is a whole number that can count something. Raises DamagedError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _HUGE:
        raise DamagedError("no count")
    return value
