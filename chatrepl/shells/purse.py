"""The most that a run may cost: what it may come to is set aside before each request."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.usage import Usage
from chatrepl.core.words import dollars
from chatrepl.session.session import Session

_TOO_DEAR: Final = 5  # the exit code
_LEAST_TOKENS: Final = 256  # a shorter reply is none


@dataclass(slots=True)
class Purse:
    """Holds `most_usd`, 0 for no bound. `say` tells the user what changes for its sake."""

    most_usd: float
    session: Session
    say: Callable[[str], None]
    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def reserve(self, session: Session, request: Callable[[], Request]) -> float:
        """Set aside what the request of `session` may come to, once there is room for it.

        Where that is all that is left and more than that, its reply is made shorter. Raises
        ChatreplError where not even that is enough.
        """
        if not self.most_usd:
            return 0.0
        while (worst := self._worst(request())) > self.left_usd:
            if not self.reserved_usd:
                worst = self._shortened(session, request)
                break
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
        """Price the input, counted, with the longest reply; 0 where nobody knows the price."""
        return self._usd(request, _longest(request))

    def _usd(self, request: Request, tokens_out: int) -> float:
        tokens = self.session.ledger.request(request, self.session.model).tokens
        cost = self.session.price(request, Usage(0, tokens_out, tokens))  # written to the cache
        if cost is not None:
            return cost.usd
        if self.session.announce("no price"):
            self.say("The price is unknown, so max_cost_usd stops nothing.")
        return 0.0

    def _shortened(self, session: Session, request: Callable[[], Request]) -> float:
        """Let the reply be as long as is left for it. Raises ChatreplError."""
        asked = request()
        longest, fixed = _longest(asked), self._usd(asked, 0)
        a_token = (self._usd(asked, longest) - fixed) / max(1, longest)
        tokens = int((self.left_usd - fixed) / a_token) if a_token > 0 else 0
        if tokens < _LEAST_TOKENS:
            raise ChatreplError(
                f"The next question may cost more than is left of max_cost_usd: "
                f"{dollars(max(0.0, self.left_usd))} of {dollars(self.most_usd)}.",
                "It was not sent; -t allows shorter replies.",
                exit_code=_TOO_DEAR,
            )
        session.use(max_tokens=tokens)
        if self.session.announce("shorter"):
            self.say(f"Replies may be {tokens} tokens long now, to stay within max_cost_usd.")
        return self._worst(request())


def _longest(request: Request) -> int:
    limit = request.params.get("max_tokens")
    return limit if isinstance(limit, int) else 0
