"""The worst that a request may come to: all of it written to the cache, the longest reply to it."""

import re
from dataclasses import replace
from functools import cached_property
from typing import Final

from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.terms import offered
from chatrepl.core.foreign_json import counted
from chatrepl.core.talk.usage import Usage
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session

_DOUBT: Final = 1.3  # what our own count of tokens may be wrong by
_FORM_TOKENS: Final = 2_000  # what the service adds, such as what it says of tools
_FRAME_TOKENS: Final = 50  # what it adds where there is nothing of that kind
_FORMS: Final = ("tools", "mcp_servers", "output_config")
_SEARCH_TOKENS: Final = 10_000  # that one search brings into the input
_ROUNDS: Final = 10  # of the service's own, before it pauses
_UNBOUNDED: Final = r"code_execution_|mcp_toolset$"
_TEXTS: Final = frozenset({"text", "thinking", "redacted_thinking", "tool_use", "tool_result"})
LEAST_OUT: Final = 256  # a shorter reply is of no use


class WorstCase:
    """What a request may come to at most."""

    def __init__(self, session: Session, request: Request) -> None:
        self.session, self.request = session, request

    def most_usd(self, tokens: int | None = None) -> float | None:
        """Price the longest reply to so many tokens; without a count they are estimated."""
        return self.price(self.estimate() if tokens is None else tokens, self.wanted)

    @property
    def wanted(self) -> int:
        """The tokens that may come out."""
        limit = counted(self.request.params.get("max_tokens"))
        return limit or self.session.service.model(self.request.model).max_output or 0

    @property
    def least(self) -> int:
        """The shortest reply that is of use, what is thought before it included."""
        thinking = self.request.params.get("thinking")
        budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
        return min(self.wanted, LEAST_OUT + (counted(budget) or 0))

    @property
    def rough_input(self) -> int | None:
        """A count of the input that is surely too high; None where it holds more than texts."""
        blocks = (block for message in self.request.messages for block in message.content)
        if any(block.type not in _TEXTS for block in blocks):
            return None
        return len(self.request.encode()) + _FORM_TOKENS

    def estimate(self) -> int:
        """Count the input without the service, with some margin."""
        session, params = self.session, self.request.params
        estimate = session.ledger.request(self.request, session.service.model(self.request.model))
        added = _FORM_TOKENS if any(map(params.get, _FORMS)) else _FRAME_TOKENS
        return int(estimate.tokens * _DOUBT) + added

    def usd(self, tokens: int, out: int) -> float:
        return self.price(tokens, out) or 0.0

    def price(self, tokens: int, out: int) -> float | None:
        """Price so many tokens in, all of them new, and `out`; None where nobody knows a price."""
        usage = self._usage(tokens, out)
        others = [one.get("model") for one in self._listed("fallbacks")]
        usd = 0.0
        for name in (self.request.model, *(name for name in others if isinstance(name, str))):
            params = {**self.request.params, "model": name}
            cost = self.session.prices.of_request(replace(self.request, params=params), usage)
            if cost is None:
                return None
            usd += cost.usd
        return usd

    def _usage(self, tokens: int, out: int) -> Usage:
        uses = self._uses
        reads = uses + (_ROUNDS if self._runs else 0)
        # Each use of a tool of the service reads all of the input again.
        tokens = tokens * (reads + 1) + _SEARCH_TOKENS * reads * (reads + 1) // 2
        if not self._kept_for:
            return Usage(tokens, out, web_search_requests=uses)
        lasts = tokens if self._kept_for == "1h" else 0
        return Usage(0, out, tokens, 0, lasts, web_search_requests=uses)

    @cached_property
    def _kept_for(self) -> str:
        return self.request.kept_for

    def _listed(self, key: str) -> list[Wire]:
        """Give the tables that a parameter lists; `extra_body` may put anything there."""
        listed = self.request.params.get(key)
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    @property
    def _tools(self) -> tuple[Wire, ...]:
        return offered(self._listed("tools"), self.request.messages)

    @property
    def _uses(self) -> int:
        return sum(counted(tool.get("max_uses")) or 0 for tool in self._tools)

    @property
    def _runs(self) -> bool:
        """Whether the service may call tools whose uses nothing bounds but its own rounds."""
        return any(re.match(_UNBOUNDED, str(tool.get("type"))) for tool in self._tools)
