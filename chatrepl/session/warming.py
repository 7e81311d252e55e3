"""What is in the cache, read again before it expires: by which request, when, at what price.

The request is the next turn's as far as it is in the cache already, so that nothing is written.
"""

from dataclasses import replace

from chatrepl.core.exchange.lessons import NO_LENGTH
from chatrepl.core.exchange.plan import Plan, plan_turn
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import marked_messages
from chatrepl.core.keep_warm import MOST_IN_A_ROW, Absences, Kept, Reread, due
from chatrepl.core.prompt_cache import TTL_SECONDS, Footprint, held
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.value import frozen
from chatrepl.session.session import Session

_QUESTION = Message.user("?")  # a request must end with one, wherever it is cut then


@frozen
class Warming:
    """A read of what was `left` in the cache, by the request of `plan`, to be made then: `at`."""

    left: Footprint
    plan: Plan
    at: float


def next_warming(session: Session) -> Warming | None:
    """Plan to read again what the next turn would read; None where that is not to be done.

    It is not where nothing may be saved or spent, where it was done often enough since somebody
    came, and where the request would have to make the model think.
    """
    settings, last = session.settings, session.books.footprint
    is_wanted = settings.cache_keep_warm == "auto" and settings.save and not session.is_demo
    if not is_wanted or last is None or _row(session).in_a_row >= MOST_IN_A_ROW:
        return None
    plan = plan_turn(session.situation, _QUESTION)
    params, left = plan.request.params, held(last, plan.request, session.edges.clock())
    thinks = (params.get("thinking") or {}).get("type") == "enabled"
    if left is None or thinks or not params.get("cache_control"):
        return None
    length = 1 if NO_LENGTH in session.model.refused else 0
    messages = plan.request.messages[: len(left.messages)]
    request = replace(
        plan.request,
        params={**params, "max_tokens": length},
        messages=messages,
        marks=marked_messages(messages, prefilled=False),
        prefill=None,
        ours=0,
        streams=False,
        warms=True,
    )
    return Warming(left, replace(plan, request=request), due(left.until, left.ttl))


def priced(session: Session, warming: Warming) -> Reread | None:
    """Price a read, and what it saves; None where nobody knows, or where it may not be spent."""
    request, tokens = warming.plan.request, warming.left.tokens
    lasts = tokens if warming.left.ttl == "1h" else 0
    out = request.params["max_tokens"]
    price = session.prices.of_request
    read = price(request, Usage(cache_read_input_tokens=tokens))
    paid = price(request, Usage(cache_read_input_tokens=tokens, output_tokens=out))
    written = Usage(cache_creation_input_tokens=tokens, cache_creation_1h_tokens=lasts)
    cold = price(request, written)
    if read is None or paid is None or cold is None:
        return None
    most = session.settings.max_cost_usd
    if most and session.books.meter.exceeds(max(most, session.books.agreed_usd), paid.usd):
        return None
    return Reread(paid.usd, cold.usd - read.usd)


def is_worth_it(session: Session, warming: Warming, again: Reread, absences: Absences) -> bool:
    """Tell whether a read is expected to save more than it costs, if it is made now."""
    now, row = session.edges.clock(), _row(session)
    since = row.since if row.in_a_row else _read_at(session)
    until = now + TTL_SECONDS.get(warming.left.ttl, 300.0)
    return again.pays(absences.chance(now - since, warming.left.until - since, until - since))


def enter(session: Session, warming: Warming, again: Reread, sent: float, reply: Reply) -> bool:
    """Enter a read that was `sent` then; tell whether what was in the cache was still there."""
    tokens, left = reply.usage.cache_read_input_tokens, warming.left
    cost = session.prices.of_request(warming.plan.request, reply.total_usage)
    paid = replace(again, usd=again.usd if cost is None else cost.usd)
    since = _read_at(session)
    kept = _row(session).read(paid, sent, tokens, since=since, cold=left.until)
    session.account(session.books.reread(warming.plan.request, reply, sent, kept))
    return tokens >= left.tokens


def _read_at(session: Session) -> float:
    """Tell when the cache was read last."""
    last = session.books.footprint
    return 0.0 if last is None else last.at


def _row(session: Session) -> Kept:
    """Give what reading again came to; in a row where nothing else was read since."""
    kept = session.books.kept or Kept()
    return kept if _read_at(session) == kept.read_at else replace(kept, in_a_row=0)


def is_kept(session: Session) -> bool:
    """Tell whether what is in the cache would have expired, or will, but for such reads."""
    return session.books.kept is not None and _row(session).in_a_row > 0
