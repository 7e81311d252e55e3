"""Token counts of a reply, and what they came to."""

from typing import TYPE_CHECKING, Any, Self

from chatrepl.core.foreign_json import counted
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

if TYPE_CHECKING:
    from chatrepl.core.talk.conversation import Receipt


@frozen
class Usage:
    """The API's own counts; `input_tokens` is only what the cache had no part in."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_1h_tokens: int = 0
    thinking_tokens: int = 0
    web_search_requests: int = 0

    @property
    def total_input_tokens(self) -> int:
        """The whole prompt: fresh, written to and read from the cache."""
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens

    def merged(self, wire: Wire | None) -> "Usage":
        """Take over the counts that `wire`, the API's usage object, brings; it may be partial."""
        if not isinstance(wire, dict):
            return self
        creation = wire.get("cache_creation")
        output = wire.get("output_tokens_details")
        tools = wire.get("server_tool_use")
        return Usage(
            _count(wire, "input_tokens", self.input_tokens),
            _count(wire, "output_tokens", self.output_tokens),
            _count(wire, "cache_creation_input_tokens", self.cache_creation_input_tokens),
            _count(wire, "cache_read_input_tokens", self.cache_read_input_tokens),
            _count(creation, "ephemeral_1h_input_tokens", self.cache_creation_1h_tokens),
            _count(output, "thinking_tokens", self.thinking_tokens),
            _count(tools, "web_search_requests", self.web_search_requests),
        )

    def __add__(self, other: Self) -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_creation_input_tokens + other.cache_creation_input_tokens,
            self.cache_read_input_tokens + other.cache_read_input_tokens,
            self.cache_creation_1h_tokens + other.cache_creation_1h_tokens,
            self.thinking_tokens + other.thinking_tokens,
            self.web_search_requests + other.web_search_requests,
        )

    def to_wire(self) -> dict[str, int]:
        """Give the four counts under the API's own keys."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
        }


@frozen
class Cost:
    """Dollars for one reply or a sum of them; `uncached_usd` is the same without a cache.

    It is `at_least` so much where something was not counted, as of a reply that was cut.
    """

    usd: float = 0.0
    uncached_usd: float = 0.0
    at_least: bool = False

    @property
    def saved_usd(self) -> float:
        return self.uncached_usd - self.usd

    def __add__(self, other: Self) -> "Cost":
        paid, uncached = self.usd + other.usd, self.uncached_usd + other.uncached_usd
        return Cost(paid, uncached, self.at_least or other.at_least)

    def times(self, factor: float) -> "Cost":
        """Give so many times the cost."""
        return Cost(factor * self.usd, factor * self.uncached_usd, self.at_least)


def cost_of(receipt: "Receipt") -> Cost | None:
    """Give what a reply cost, at least so much where it was cut; None where nobody knows."""
    if receipt.cost_usd is None:
        return None
    is_partial = receipt.uncounted or receipt.stop_reason is None
    return Cost(receipt.cost_usd, receipt.uncached_usd or 0.0, is_partial)


def steps_of(wire: Wire, usage: Usage) -> tuple[tuple[str, Usage], ...]:
    """Give the steps that a usage object tells of, each with its model, if it names one.

    They are none where they do not come to the counts of the whole, `usage`.
    """
    listed = wire.get("iterations")
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    steps = [(str(entry.get("model") or ""), Usage().merged(entry)) for entry in entries]
    told = sum(step.total_input_tokens + step.output_tokens for _, step in steps)
    return tuple(steps) if told >= usage.total_input_tokens + usage.output_tokens else ()


def updated(wire: Wire, newer: Wire | None) -> dict[str, Any]:
    """Take over what a newer usage object says; null says nothing."""
    merged = dict(wire)
    for key, value in (newer if isinstance(newer, dict) else {}).items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = updated(before, value)
        elif value is not None or key not in merged:
            merged[key] = value
    return merged


def summed(earlier: Wire, later: Wire) -> dict[str, Any]:
    """Add two usage objects up: counts are added, lists joined; of words the later ones stand."""
    both = dict(earlier)
    for key, value in later.items():
        match both.get(key), value:
            case dict(before), dict():
                both[key] = summed(before, value)
            case list(before), list():
                both[key] = [*before, *value]
            case int(before), int() if not isinstance(value, bool):
                both[key] = before + value
            case before, _ if value is not None or before is None:
                both[key] = value
            case _:
                pass
    return both


def _count(wire: Any, key: str, otherwise: int) -> int:
    value = wire.get(key) if isinstance(wire, dict) else None
    count = counted(value)
    return otherwise if count is None else count
