"""What would be sent, its tokens and its price; nothing is sent."""

import json
import sys
from typing import TextIO

from chatrepl.cli.message import compose
from chatrepl.cli.options import Options
from chatrepl.cli.stdin import Piped
from chatrepl.core.summary import about, compact
from chatrepl.core.usage import Usage
from chatrepl.oneshot import mutter
from chatrepl.session import Session
from chatrepl.terminal.sanitize import display, pipe
from chatrepl.terminal.views.structured import write_json


def dry_run(options: Options, session: Session, piped: Piped | None, out: TextIO) -> int:
    """Print the request that would be made. Raises UsageError where there is nothing to ask."""
    message = compose(options, session, piped)
    request = session.request(message)
    body = {**request.body(), "stream": True}
    tokens = session.estimate(request).tokens
    usage = Usage(input_tokens=tokens)
    cost = session.edges.price(request.model, usage, session.edges.clock())
    usd = cost.usd if cost is not None else None
    if options.manner != "text":
        write_json(out, {"request": body, "input_tokens": tokens, "exact": False, "cost_usd": usd})
        return 0
    safe = display if out.isatty() else pipe
    out.write(safe(json.dumps(body, ensure_ascii=False, indent=2)) + "\n")
    out.flush()
    price = "price unknown" if usd is None else f"{about(usd)} for the input"
    mutter(sys.stderr, f"~{compact(tokens)} tokens in · {price} · nothing was sent")
    return 0
