"""What a reply costs, by genai-prices and its bundled data; nothing is fetched.

A model it does not list has no price: None, never zero. `_LIKE` names the few that are known to
cost what a listed one costs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from chatrepl.core.money import Rates
from chatrepl.core.talk.usage import Cost, Usage

_LIKE: Final[Mapping[str, str]] = {
    "claude-mythos-5-1": "claude-fable-5-1",
    "claude-mythos-5": "claude-fable-5",
    "claude-mythos-preview": "claude-fable-5",
}
_MILLION: Final = 1_000_000
_STEADY_TOKENS: Final = 100_000


def price(model_id: str, usage: Usage, when: float) -> Cost | None:
    """Price a reply of one request made at `when` (seconds since the epoch); None if unknown.

    `uncached_usd` is what the same tokens would have cost without a cache.
    """
    uncached = Usage(
        usage.total_input_tokens,
        usage.output_tokens,
        web_search_requests=usage.web_search_requests,
    )
    paid = _dollars(model_id, usage, when)
    plain = paid if usage == uncached else _dollars(model_id, uncached, when)
    if paid is None or plain is None:
        return None
    return Cost(paid, plain)


class SteadyPrices:
    """Prices many replies quickly, by rates that are looked up once.

    That holds as far as a longer prompt has the same rates; beyond it each is looked up.
    """

    def __init__(self) -> None:
        self._rates: dict[str, Rates | None] = {}

    def price(self, model_id: str, usage: Usage, when: float) -> Cost | None:
        """Price a reply as `price` does."""
        if usage.total_input_tokens > _STEADY_TOKENS or usage.web_search_requests:
            return price(model_id, usage, when)
        if model_id not in self._rates:
            short, long = (rates(model_id, when, prompt_tokens=n) for n in (1, _STEADY_TOKENS))
            self._rates[model_id] = short if short == long else None
        steady = self._rates[model_id]
        return price(model_id, usage, when) if steady is None else _cost(steady, usage)


def _cost(steady: Rates, usage: Usage) -> Cost:
    long_lived = min(usage.cache_creation_1h_tokens, usage.cache_creation_input_tokens)
    paid = (
        usage.input_tokens * steady.input
        + usage.output_tokens * steady.output
        + usage.cache_read_input_tokens * steady.read
        + (usage.cache_creation_input_tokens - long_lived) * steady.write_5m
        + long_lived * steady.write_1h
    )
    plain = usage.total_input_tokens * steady.input + usage.output_tokens * steady.output
    return Cost(round(paid / _MILLION, 12), round(plain / _MILLION, 12))


def rates(model_id: str, when: float, *, prompt_tokens: int = 1) -> Rates | None:
    """Give the dollars for a million tokens in a prompt of `prompt_tokens`; None if unknown."""
    prompt = max(1, prompt_tokens)
    kinds = (
        Usage(input_tokens=prompt),
        Usage(cache_read_input_tokens=prompt),
        Usage(cache_creation_input_tokens=prompt),
        Usage(cache_creation_input_tokens=prompt, cache_creation_1h_tokens=prompt),
    )
    usd_each = [_dollars(model_id, kind, when) for kind in kinds]
    answer = _dollars(model_id, Usage(prompt, prompt), when)
    fresh, read, written, written_1h = (usd and usd / prompt * _MILLION for usd in usd_each)
    if fresh is None or read is None or written is None or written_1h is None or answer is None:
        return None
    out = answer / prompt * _MILLION - fresh
    return Rates(*(round(rate, 9) for rate in (fresh, out, read, written, written_1h)))


def _dollars(model_id: str, usage: Usage, when: float) -> float | None:
    from chatrepl.api.price_list import total_usd

    at = datetime.fromtimestamp(when, UTC)
    counts = _counts(usage)
    for name in (model_id, _LIKE.get(model_id)):
        if name is None:
            continue
        try:
            return total_usd(name, counts, at)
        except LookupError:
            continue
    return None


def _counts(usage: Usage) -> dict[str, int]:
    """Put our counts in the library's words: its `input_tokens` is the whole prompt."""
    created = usage.cache_creation_input_tokens
    counts = {
        "input_tokens": usage.total_input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_input_tokens,
        "cache_write_tokens": created,
        "cache_write_1h_tokens": min(usage.cache_creation_1h_tokens, created),
        "web_searches": usage.web_search_requests,
    }
    return {name: count for name, count in counts.items() if count}
