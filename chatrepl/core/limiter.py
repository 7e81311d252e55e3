"""How many requests may be under way, by what the service says of its limits.

A pure model: it is fed with the headers of answers and with the time, and tells whether another
request may start now. All requests of a run share one.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from chatrepl.core.value import frozen, replace

_PREFIX: Final = "anthropic-ratelimit"
_BEFORE_HEADERS: Final = 4  # for a server that says nothing of its limits
_MOST: Final = 32
_TOKENS: Final = ("input-tokens", "output-tokens")
_QUIET_S: Final = 1.0  # one jam refuses many requests, and counts once
_TIGHT: Final = frozenset({429})


@frozen
class Allowance:
    """What is left of one limit until `reset_at`, when all of it is there again."""

    limit: float = math.inf
    left: float = math.inf
    reset_at: float = 0.0

    def at(self, now: float) -> float:
        """Tell what is left now."""
        return self.left if now < self.reset_at else self.limit

    def room(self, need: float, now: float) -> float:
        """Tell for how many that need so much there is room.

        A full limit has room for one: where that is too little, the service is to say so.
        """
        left = self.at(now)
        return max(left // need, float(left >= self.limit))


@frozen
class Limiter:
    """What is known of the limits.

    `asked` is the number of requests that the user wants under way, 0 to follow the service.
    `width` is how many we try now: one first, so that the others read what it left in the cache.
    """

    asked: int = 0
    width: float = 1.0
    requests: Allowance = Allowance()
    tokens: tuple[Allowance, ...] = ()
    need: tuple[float, float] = (0.0, 0.0)
    paused_until: float = 0.0
    jammed_at: float = -math.inf
    has_headers: bool = False

    @property
    def most(self) -> int:
        """The most requests that are ever tried at once."""
        return self.asked or (_MOST if self.has_headers else _BEFORE_HEADERS)

    def allowed(self, now: float) -> int:
        """Tell how many requests may be under way now."""
        if now < self.paused_until:
            return 0
        limits = [self.requests.at(now), *self._by_tokens(now)]
        return int(max(0.0, min(self.most, self.width, *limits)))

    def _by_tokens(self, now: float) -> list[float]:
        pairs = zip(self.tokens, self.need, strict=False)
        return [allowance.room(need, now) for allowance, need in pairs if need]

    def wait(self, under_way: int, now: float) -> float:
        """Give the seconds until another request may start: 0 at once, infinite until one ends."""
        if under_way < self.allowed(now):
            return 0.0
        if now < self.paused_until:
            return self.paused_until - now
        resets = [a.reset_at - now for a in (self.requests, *self.tokens) if now < a.reset_at]
        return min(resets, default=math.inf if under_way else 0.0)

    def heard(self, status: int, headers: Mapping[str, str], now: float) -> "Limiter":
        """Take what an answer says of the limits, and how long to stay away."""
        ahead = now - _date(headers.get("date"), now)
        requests = _allowance(headers, "requests", ahead, now)
        tokens = tuple(_allowance(headers, kind, ahead, now) for kind in _TOKENS)
        heard = self
        if math.isfinite(requests.limit) or any(math.isfinite(a.limit) for a in tokens):
            heard = replace(self, requests=requests, tokens=tokens, has_headers=True)
        if status in _TIGHT and now - self.jammed_at > _QUIET_S:
            heard = replace(heard, width=max(1.0, heard.width / 2), jammed_at=now)
        return heard

    def paused(self, seconds: float, now: float) -> "Limiter":
        """Let nothing start for so long: what the service asked one request, it asked all."""
        return replace(self, paused_until=max(self.paused_until, now + seconds))

    def ended(self, tokens_in: int = 0, tokens_out: int = 0) -> "Limiter":
        """Take the end of a request that was answered, with what it took of the token limits."""
        if self.width == 1.0 and self.jammed_at == -math.inf:
            width = float(self.asked or _BEFORE_HEADERS)
        else:
            width = self.width + 1 / max(1.0, self.width)
        need = (_smooth(self.need[0], tokens_in), _smooth(self.need[1], tokens_out))
        return replace(self, width=min(float(self.most), width), need=need)


def _smooth(before: float, now: int) -> float:
    return float(now) if not before else before * 0.8 + now * 0.2


def _allowance(headers: Mapping[str, str], kind: str, ahead: float, now: float) -> Allowance:
    limit, left = (_number(headers.get(f"{_PREFIX}-{kind}-{what}")) for what in _WHAT)
    if limit is None and left is None:
        return Allowance()
    if left is None or limit is None:
        left = limit = left or limit or 0.0
    reset = _instant(headers.get(f"{_PREFIX}-{kind}-reset"))
    return Allowance(limit, left, now + _UNSAID_S if reset is None else reset + ahead)


_WHAT: Final = ("limit", "remaining")
_UNSAID_S: Final = 5.0  # a service that does not say when is asked again after so long


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def _instant(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _date(text: str | None, now: float) -> float:
    """Give the service's own time, so that a wrong clock here does no harm."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError, OSError, TypeError):
        return now
