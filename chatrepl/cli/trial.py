"""`--doctor --live`: what costs something, tried once: a count, and a reply of one token."""

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from chatrepl.api.prices import price
from chatrepl.cli.connection import Connection
from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.model_names import resolve
from chatrepl.core.models import find
from chatrepl.core.settings import Settings
from chatrepl.core.spending import Spending
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.words import paid
from chatrepl.storage.accounts import Accounts
from chatrepl.storage.paths import find_folders

_Work: TypeAlias = Callable[[Connection, Request], Awaitable[str]]


@frozen
class Trial:
    """What was tried, and what came of it: words, or the error that came instead."""

    what: str
    outcome: str | ChatreplError


async def try_out(connection: Connection, settings: Settings) -> tuple[Trial, ...]:
    """Count a message and send it, for one token of reply."""
    model = find(resolve(settings.model, liberty="any"))
    plain = replace(
        settings,
        max_tokens=1,
        system="",
        thinking="off",
        effort="",
        web=False,
        code=False,
        cache_enabled=False,
    )
    request = build_request(Conversation(), plain, model, Message.user("Hi"), Ask())
    is_noted = settings.save and not connection.is_demo
    tries: dict[str, _Work] = {"count": _count, "reply": partial(_ask, is_noted=is_noted)}
    return tuple([await _tried(what, work(connection, request)) for what, work in tries.items()])


async def _tried(what: str, work: Awaitable[str]) -> Trial:
    try:
        return Trial(what, await work)
    except ChatreplError as error:
        return Trial(what, error)


async def _count(connection: Connection, request: Request) -> str:
    return f"{await connection.count(request)} tokens for one word, by count_tokens."


async def _ask(connection: Connection, request: Request, *, is_noted: bool) -> str:
    reply, now, begun = Reply(), time.time(), time.monotonic()
    try:
        async for event in connection.stream(request):
            reply = reply.apply(event)
    finally:
        if is_noted and reply.usage_known:
            _note(request, reply, now)
    usage, waited = reply.total_usage, time.monotonic() - begun
    cost = price(request.model, usage, now)
    played = " (demo)" if connection.is_demo else ""
    tokens = f"{usage.total_input_tokens} in, {usage.output_tokens} out"
    return f"came within {waited * 1000:.0f} ms: {tokens}, {paid(cost)}{played}."


def _note(request: Request, reply: Reply, now: float) -> None:
    """Enter in the ledger what was tried."""
    state = find_folders(os.environ).state
    model, usage = reply.model or request.model, reply.total_usage
    cost, is_cut = price(model, usage, now), reply.stop_reason is None
    spending = Spending(os.urandom(8).hex(), now, model, usage, cost=cost, at_least=is_cut)
    if state is not None:
        Accounts.of(state).enter(spending)
