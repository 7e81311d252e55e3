"""The messages as the service pairs them: neighbours of one role are one turn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chatrepl.demo.request import WireMessage
from chatrepl.demo.wire import JSON


@dataclass(frozen=True, slots=True)
class Placed:
    """A block with its place in the request."""

    message: int
    number: int
    block: JSON

    @property
    def path(self) -> str:
        return f"messages.{self.message}.content.{self.number}"


@dataclass(slots=True)
class WireTurn:
    """One turn, whichever messages it came in."""

    role: str
    items: list[Placed] = field(default_factory=list)

    @property
    def blocks(self) -> list[JSON]:
        return [item.block for item in self.items]


def turns_of(messages: Iterable[WireMessage]) -> list[WireTurn]:
    """Return the turns; system messages in between are left out."""
    turns: list[WireTurn] = []
    for message in messages:
        if message.role == "system":
            continue
        if not turns or turns[-1].role != message.role:
            turns.append(WireTurn(message.role))
        turns[-1].items += [Placed(message.place, n, b) for n, b in enumerate(message.content)]
    return turns


def is_call(block: JSON) -> bool:
    """Return whether a block calls a tool, of whatever kind."""
    return bool(block["type"].endswith("tool_use"))


def is_result(block: JSON) -> bool:
    """Return whether a block answers a call, of whatever kind."""
    return bool(block["type"].endswith("tool_result"))


def result_kind(call: JSON) -> str:
    """Return the type of the block that answers a call."""
    if call["type"] != "server_tool_use":
        return str(call["type"]).replace("tool_use", "tool_result")
    name = "tool_search" if call["name"].startswith("tool_search_tool") else call["name"]
    return f"{name}_tool_result"


def enclosing(block: JSON) -> str:
    """Return the id of the code call that made this call, or nothing."""
    caller = block.get("caller") or {}
    return str(caller.get("tool_id") or "")


def rounds_of(messages: Iterable[WireMessage]) -> int:
    """Return how many turns of the user since the last question hold but answers to calls."""
    rounds = 0
    for turn in reversed(turns_of(messages)):
        if turn.role == "user":
            if not all(is_result(block) for block in turn.blocks):
                break
            rounds += 1
    return rounds


def open_calls(messages: Iterable[WireMessage]) -> list[JSON]:
    """Return the calls the service still has to answer, outermost first."""
    waiting: dict[str, JSON] = {}
    for block in _said_by_the_service(messages):
        if is_call(block) and block["type"] != "tool_use":
            waiting[block["id"]] = block
        elif is_result(block):
            waiting.pop(block["tool_use_id"], None)
    return list(waiting.values())


def _said_by_the_service(messages: Iterable[WireMessage]) -> Iterator[JSON]:
    for message in messages:
        if message.role == "assistant":
            yield from message.content
