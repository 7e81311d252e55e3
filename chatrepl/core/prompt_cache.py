"""Is the prompt cache warm for the next request, until when, and what would make it cold.

The cache holds prefixes: tools, then system prompt, then messages, for one model. What a request
wrote or read lives for its `ttl` from the start of that request, however long its reply took; each
further read begins that time anew, for what was read and for nothing shorter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.exchange.request import Request
from chatrepl.core.models import Model
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode
from chatrepl.core.words import compact, foretold

CacheState: TypeAlias = Literal["warm", "cold", "none"]
TTL_SECONDS: Final = {"5m": 300.0, "1h": 3600.0}
# What else the messages' cache depends on; the system prompt's and the tools' do not.
_MODES: Final = ("thinking", "output_config", "tool_choice", "speed")
_MOST_EARLIER: Final = 8  # requests whose ends are remembered; more than anybody steps back


LEAST_USD: Final = 0.01  # at stake: less is not worth a word, unless it is
_LEAST_SHARE: Final = 0.2  # of the next request's price
LEAST_CACHED: Final = 512  # tokens; the least that any model keeps


@frozen
class Footprint:
    """What the last request left in the cache, and when it was sent.

    `tokens` is how much of it is there; the first `read` of them were there before it. `earlier`
    are the ends of requests before it, newest first, each with the time it was last read.
    """

    model: str
    tools: str
    system: str
    mode: str
    messages: tuple[bytes, ...]
    ttl: str
    at: float
    tokens: int
    read: int = 0
    earlier: "tuple[Footprint, ...]" = ()

    @property
    def until(self) -> float:
        """The time, in seconds since the epoch, at which it is gone unless it is read again."""
        return self.at + TTL_SECONDS.get(self.ttl, 300.0)


@frozen
class Warmth:
    """How much of the next request can come from the cache, and until when.

    `reason` says in a word of the service why it is cold: `model_changed` and the like. `messages`
    are those that are there, by their digests.
    """

    state: CacheState
    tokens: int = 0
    until: float = 0.0
    reason: str = ""
    messages: tuple[bytes, ...] = ()

    def minutes_left(self, now: float) -> int:
        return max(0, int(self.until - now + 59) // 60)


def footprint(
    request: Request, usage: Usage, at: float, last: Footprint | None = None
) -> Footprint | None:
    """Note what `request` left behind, by the `usage` of its reply; None if nothing was cached.

    `at` is the time it was sent, in seconds since the epoch; `last` what was there before it.
    """
    tokens = usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    control = request.params.get("cache_control")
    if not tokens or not isinstance(control, dict):
        return None
    left = Footprint(
        request.model,
        *_parts(request),
        tuple(message.digest for message in _asked(request)),
        str(control.get("ttl", "5m")),
        at,
        tokens,
        usage.cache_read_input_tokens,
    )
    return replace(left, earlier=tuple(_earlier(left, request, last))[:_MOST_EARLIER])


def _earlier(left: Footprint, request: Request, last: Footprint | None) -> Iterator[Footprint]:
    """Give what else is in the cache after a request: what it read lives anew, the rest lives on.

    Where nobody here sent what was read, it is taken for the request before, at its shortest life.
    """
    before = () if last is None else (replace(last, earlier=()), *last.earlier)
    alive = [one for one in before if left.at < one.until]
    if left.read and left.read < left.tokens and not before and left.messages[:-2]:
        yield replace(left, messages=left.messages[:-2], tokens=left.read, read=0, ttl="5m")
    for one in alive:
        if one.messages != left.messages:  # what was read may be another's, of which we do not know
            is_read = one.tokens == left.read and not _difference(one, request)
            yield replace(one, at=left.at) if is_read else one


def warmth(last: Footprint | None, request: Request, now: float) -> Warmth:
    """Tell whether `request` would be read from the cache if it were sent now."""
    if last is None or not request.params.get("cache_control"):
        return Warmth("none")
    if (longest := held(last, request, now)) is not None:
        return Warmth("warm", longest.tokens, longest.until, messages=longest.messages)
    reason = _difference(last, request)
    return Warmth("cold", until=last.until, reason="expired" if now >= last.until else reason)


def held(last: Footprint, request: Request, now: float) -> Footprint | None:
    """Find the most that `request` would read from the cache; None where that is nothing."""
    left = (one for one in (last, *last.earlier) if now < one.until)
    alive = (one for one in left if not _difference(one, request))
    return max(alive, key=lambda one: one.tokens, default=None)


def _asked(request: Request) -> tuple[Message, ...]:
    """Give the messages without a prefill, which the next request has as part of a reply."""
    ends_open = bool(request.messages) and request.messages[-1].role == "assistant"
    return request.messages[:-1] if ends_open else request.messages


def _begins(request: Request, digests: tuple[bytes, ...]) -> bool:
    """Tell whether a request begins with those messages."""
    return tuple(message.digest for message in request.messages[: len(digests)]) == digests


def _parts(request: Request) -> tuple[str, str, str]:
    params = request.params
    mode = encode({key: params[key] for key in _MODES if key in params})
    pictures = any(b.type == "image" for m in request.messages for b in m.content)
    return (
        encode(params.get("tools") or []),
        encode(params.get("system") or ""),
        f"{mode}{pictures}",
    )


def _difference(last: Footprint, request: Request) -> str:
    tools, system, mode = _parts(request)
    if request.model != last.model:
        return "model_changed"
    if tools != last.tools:
        return "tools_changed"
    if system != last.system:
        return "system_changed"
    if mode != last.mode:
        return "settings_changed"
    return "" if _begins(request, last.messages) else "messages_changed"


def toolbar_words(warm: Warmth, now: float) -> str:
    """Say it in the toolbar's space: `cache 42m`, `cache gone`, or nothing."""
    if warm.state == "warm":
        return f"cache {warm.minutes_left(now)}m"
    return "cache gone" if warm.state == "cold" else ""


def impact_words(
    before: Warmth,
    after: Warmth,
    *,
    cost: Sequence[float | None] = (None, None),
    played: str = "",
) -> str:
    """Say what an action does to a warm cache; nothing where there is little to lose.

    `cost` is the price of the next request without the action and with it; `played` follows what
    is told of it.
    """
    if before.state != "warm" or after.state == "warm":
        return ""
    was, will = cost
    if was is None or will is None:
        return f"The next request cannot use the cache ({compact(before.tokens)} tokens)."
    more = will - was
    if more < LEAST_USD and more < _LEAST_SHARE * will:
        return ""
    return f"Costs about {foretold(more)} more next time{played}: the cache is lost."


_REASONS: Final = {
    "model_changed": "the model changed",
    "system_changed": "the system prompt changed",
    "tools_changed": "the tools changed",
    "messages_changed": "earlier messages changed",
    "settings_changed": "thinking, effort or the form of the reply changed",
    "expired": "it had expired",
    "previous_message_not_found": "the service no longer knows the message before",
    "unavailable": "the service cannot tell why",
}


def reason_words(reason: str) -> str:
    """Say in words why a cache is cold; a reason we do not know is given as it is."""
    return _REASONS.get(reason) or reason.replace("_", " ") or "nobody says why"


def miss_words(diagnostics: Wire | None, *, expected: bool = True) -> str:
    """Explain the service's own account of a cache miss; nothing where there was none.

    That it no longer knows a conversation of earlier is no news where nothing was `expected` in
    the cache.
    Where less was missed than any cache takes, or where nobody can tell why, there is nothing to
    say either.
    """
    reason: Any = (diagnostics or {}).get("cache_miss_reason")
    if isinstance(reason, str):
        reason = {"type": reason}
    if not isinstance(reason, dict) or not reason.get("type"):
        return ""
    kind = str(reason["type"])
    if kind == "previous_message_not_found" and not expected:
        return ""
    missed = reason.get("cache_missed_input_tokens")
    if kind == "unavailable" or (isinstance(missed, int) and missed < LEAST_CACHED):
        return ""
    what = f"missed {compact(missed)} tokens" if isinstance(missed, int) else "was missed"
    return f"The cache {what}: {reason_words(kind)}."


def too_small(model: Model, tokens: float) -> bool:
    """Tell whether a prompt is below what this model's cache takes."""
    return tokens < model.cache_minimum
