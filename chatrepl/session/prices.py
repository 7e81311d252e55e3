"""What a reply costs: by its steps, each by the model that made it, at the speed that it had."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.models import Model
from chatrepl.core.money import BATCH_FACTOR, FAST_FACTOR
from chatrepl.core.talk.usage import Cost, Usage, steps_of
from chatrepl.core.value import frozen
from chatrepl.core.world import Edges
from chatrepl.session.service import Service

Priced: TypeAlias = tuple[Usage, Cost | None]  # of one request; None where nobody knows its price


def total(entries: Sequence[Priced]) -> Priced:
    """Sum up what requests took."""
    costs = [cost for _, cost in entries if cost is not None]
    missing = Cost(at_least=len(costs) < len(entries))
    return sum((usage for usage, _ in entries), Usage()), sum(costs, missing) if costs else None


def unread(request: Request, model: Model, tokens: int, out: int = 0) -> Usage:
    """Give what a request of `tokens` takes of which nothing is in the cache yet."""
    kept_for = request.kept_for if tokens >= model.cache_minimum else ""
    if not kept_for:
        return Usage(tokens, out)
    return Usage(0, out, tokens, 0, tokens if kept_for == "1h" else 0)


@frozen
class Prices:
    """The prices of this moment; None stands for one that nobody knows."""

    edges: Edges
    service: Service

    def of_request(self, request: Request, usage: Usage) -> Cost | None:
        """Price what a request takes."""
        return self._price(request.model, usage, request.params.get("speed"))

    def entries(self, request: Request, reply: Reply) -> tuple[Priced, ...]:
        """Say what one reply took and cost, as far as the service counted what came."""
        if reply.usage_known:
            return ((reply.total_usage, self.of_reply(request, reply)),)
        return ((Usage(), None),) if reply.has_content else ()

    def of_reply(self, request: Request, reply: Reply) -> Cost | None:
        """Price a reply with all its steps, and the searches that were made for it."""
        costs: list[Cost | None] = []
        earlier = ((reply.counted_earlier, reply.earlier),) if reply.earlier != Usage() else ()
        for counted, usage in (*earlier, (reply.counted, reply.usage)):
            speed = counted.get("speed") or request.params.get("speed")
            steps = steps_of(counted, usage)
            for name, step in steps or ((request.model, usage),):
                costs.append(self._price(name or request.model, step, speed))
            if steps and usage.web_search_requests:
                searches = Usage(web_search_requests=usage.web_search_requests)
                costs.append(self._price(request.model, searches, None))
        prices = [cost for cost in costs if cost is not None]
        if len(prices) != len(costs):
            return None
        is_batch = reply.counted.get("service_tier") == "batch"
        start = Cost(at_least=reply.uncounted or not reply.complete)
        cost = sum(prices, start).times(BATCH_FACTOR if is_batch else 1.0)
        return replace(cost, uncached_usd=0.0) if request.warms else cost  # it would not be sent

    def _price(self, name: str, usage: Usage, speed: object) -> Cost | None:
        now, model = self.edges.clock(), self.service.model(name)
        if speed != "fast" or model.fast is False:
            return self.edges.price(name, usage, now)
        tokens = self.edges.price(name, replace(usage, web_search_requests=0), now)
        searches = Usage(web_search_requests=usage.web_search_requests)
        searching = self.edges.price(name, searches, now)
        if tokens is None or searching is None or model.fast is None:
            return None
        return tokens.times(FAST_FACTOR) + searching
