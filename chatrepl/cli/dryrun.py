"""What would be sent, its tokens and its price; nothing is sent."""

import json
from typing import TextIO

from chatrepl.core.conversation import Message
from chatrepl.core.summary import compact, dollars
from chatrepl.core.usage import Usage
from chatrepl.session import Session
from chatrepl.terminal.sanitize import pipe
from chatrepl.terminal.views.structured import write_json


def dry_run(
    session: Session, message: Message, out: TextIO, err: TextIO | None, *, as_json: bool
) -> int:
    """Print the request that `message` would make."""
    request = session.request(message)
    body = {**request.body(), "stream": True}
    tokens = session.estimate(request)
    cost = session.edges.price(request.model, Usage(input_tokens=tokens), session.edges.clock())
    usd = cost.usd if cost is not None else None
    if as_json:
        write_json(out, {"request": body, "input_tokens": tokens, "exact": False, "cost_usd": usd})
        return 0
    out.write(pipe(json.dumps(body, ensure_ascii=False, indent=2)) + "\n")
    if err is not None:
        price = "price unknown" if usd is None else f"~{dollars(usd)} for the input"
        err.write(f"~{compact(tokens)} tokens in · {price} · nothing was sent\n")
    return 0
