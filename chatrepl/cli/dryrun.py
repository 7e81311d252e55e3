"""`--dry-run`: what would be sent, its tokens and its price; nothing is.

It has no use for a connection or an event loop, and loads neither.
"""

import json
import sys
from typing import TYPE_CHECKING, TextIO

import chatrepl.api.price_list  # noqa: F401 - first, since all else fits where it lets go of much
from chatrepl.api.outgoing import beta_header, counting, streaming
from chatrepl.api.route import custom_headers
from chatrepl.cli import stdin
from chatrepl.cli.assemble import new_session
from chatrepl.cli.message import compose, form_of, look_for_keys
from chatrepl.cli.options import Options
from chatrepl.cli.stdin import Piped
from chatrepl.config.load import Config
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.message import Message
from chatrepl.core.tokens.estimate import Estimate
from chatrepl.core.words import about, at_most, compact, for_a_shell, tokens_words
from chatrepl.session.foreword import foreword
from chatrepl.session.prices import unread
from chatrepl.session.session import Session
from chatrepl.session.worst_case import WorstCase
from chatrepl.shells.mutter import mutter
from chatrepl.storage.paths import find_folders
from chatrepl.terminal.sanitize.text import display, one_line, pipe
from chatrepl.terminal.views.json_lines import write_json

if TYPE_CHECKING:
    from chatrepl.session.workbench import Workbench

_COUNTED = 200


def show_request(options: Options, loaded: Config, out: TextIO) -> int:
    """Print what a single shot would send, and give the exit code. Raises ChatreplError."""
    try:
        return _shown(options, loaded, out)
    except (KeyboardInterrupt, SystemExit) as leaving:
        from chatrepl.cli.shot import stopped  # seldom needed

        raise stopped(leaving) from None


def _shown(options: Options, loaded: Config, out: TextIO) -> int:
    piped = None if stdin.is_keyboard() else stdin.read()
    session = new_session(options, loaded, interactive=False)
    session.prepare(form=form_of(options))
    if not options.names_tools:
        return dry_run(options, session, piped, out)
    from chatrepl.cli.benches import shot_tools  # seldom asked for

    with shot_tools(options, session):
        return dry_run(options, session, piped, out)


def dry_run(options: Options, session: Session, piped: Piped | None, out: TextIO) -> int:
    """Print the request that would be made. Raises UsageError where there is nothing to ask.

    A conversation that would be gone on with is only looked at.
    """
    if options.keeps:
        from chatrepl.cli.saved import leave_unanswered, look_at

        look_at(options, session, find_folders())
        leave_unanswered(session)
    message = compose(options, session, piped)
    look_for_keys(options, session, message)
    if session.bench is not None:
        from chatrepl.cli.loop import new_runner

        with new_runner() as runner:
            runner.run(_declared(session.bench))
    if not options.compares:
        return _print_request(options, session, message, out)
    from chatrepl.cli.comparison import asked_models
    from chatrepl.session.comparison import contender

    for model in asked_models(options, session):
        _print_request(options, contender(session, model), message, out)
    return 0


async def _declared(bench: "Workbench") -> None:
    """Look which tools there are."""
    try:
        await bench.open(None)
    finally:
        await bench.box.close()


def _print_request(options: Options, session: Session, message: Message, out: TextIO) -> int:
    request = _request(options, session, message)
    body = json.loads(streaming(request))  # in the order in which it goes out
    if "mcp_servers" in body:
        from chatrepl.storage.export import open_body

        body = open_body(body)
    if not options.quiet:
        for line in foreword(session):
            mutter(sys.stderr, f"chatrepl: {one_line(for_a_shell(line))}")
    estimate = _counted(session, request)
    tokens = estimate.tokens
    case = WorstCase(session, request)
    longest, usd = case.wanted, _usd(session, request, tokens)
    most = case.most_usd(tokens if estimate.exact else None)
    if options.manner != "text":
        from chatrepl.storage.export import open_headers

        headers = {**custom_headers(), **session.settings.headers}
        headers |= beta_header(request, headers)
        count = {"input_tokens": tokens, "exact": estimate.exact, "cost_usd": usd, "most_usd": most}
        write_json(out, {"request": body, "headers": dict(open_headers(headers)), **count})
        return 0
    safe = display if out.isatty() else pipe
    out.write(safe(json.dumps(body, ensure_ascii=False, indent=2)) + "\n")
    out.flush()
    price = "price unknown"
    if usd is not None and most is not None:
        bound = f"at most {at_most(most)} with {compact(longest)} out"
        price = f"{about(usd)} for the input, {bound}{session.edges.played}"
    mutter(sys.stderr, f"{tokens_words(estimate)} tokens in · {price} · nothing was sent")
    if words := _shortage(options, session, most or 0.0):
        mutter(sys.stderr, f"chatrepl: {words}")
    return 0


def _shortage(options: Options, session: Session, usd: float) -> str:
    """Say which budget has no room for the longest reply; nothing where all have."""
    settings = session.settings
    bounds = settings.max_cost_usd, settings.budget_day_usd, settings.budget_month_usd
    if options.demo or not any(bounds):
        return ""
    import asyncio

    from chatrepl.session.budgets import shortage
    from chatrepl.session.till import Till

    till = Till(session, find_folders().state, lambda _request: asyncio.sleep(0, 0))
    return shortage(till, usd)


def _request(options: Options, session: Session, message: Message) -> Request:
    if options.aside is None:
        return session.request(message)
    from chatrepl.session.beside import plans_beside

    return plans_beside(session, message)().request


def _counted(session: Session, request: Request) -> Estimate:
    """Count a request: the embedded engine does so here, a service would have to be sent it."""
    if session.is_demo:
        from chatrepl.demo.engine import COUNT, Engine  # seldom asked

        headers = {"x-api-key": "demo", "anthropic-version": "2023-06-01"}
        headers |= beta_header(request, session.settings.headers)
        answer = Engine().handle("POST", COUNT, headers, counting(request))
        if answer.status == _COUNTED:
            return Estimate(json.loads(answer.body)["input_tokens"], exact=True)
    return session.ledger.request(request, session.model)


def _usd(session: Session, request: Request, tokens: int) -> float | None:
    cost = session.prices.of_request(request, unread(request, session.model, tokens))
    return cost.usd if cost is not None else None
