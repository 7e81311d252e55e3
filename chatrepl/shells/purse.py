"""What requests under way may come to, so that none is cut short for what another will not need.

Whether a request may be sent at all is the till's to say; this only lets those wait that would not
fit beside the others.
"""

import asyncio
from dataclasses import dataclass, field

from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.usage import Usage
from chatrepl.session.session import Session


@dataclass(slots=True)
class Purse:
    """Holds `most_usd`, 0 for no bound."""

    most_usd: float
    session: Session
    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reserve(self, request: Request) -> float:
        """Set aside what a request may come to, once there is room, or nothing else under way."""
        worst = self._worst(request)
        while worst > self.left_usd and self.reserved_usd:
            self._changed.clear()
            await self._changed.wait()
        self.reserved_usd += worst
        return worst

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """Take the end of a request: what it cost, in place of what was set aside."""
        self.reserved_usd = max(0.0, self.reserved_usd - reserved_usd)
        self.spent_usd += cost_usd
        self._changed.set()

    @property
    def left_usd(self) -> float:
        """What is neither spent nor set aside."""
        return self.most_usd - self.spent_usd - self.reserved_usd

    def _worst(self, request: Request) -> float:
        """Price the input, written to the cache, with the longest reply; 0 for no known price."""
        limit = request.params.get("max_tokens")
        if not self.most_usd or not isinstance(limit, int):
            return 0.0
        tokens = self.session.ledger.request(request, self.session.model).tokens
        cost = self.session.price(request, Usage(0, limit, tokens))
        return cost.usd if cost is not None else 0.0
