"""What would be sent, its tokens and its price; nothing is sent."""

import json
import os
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
    _recall(options, session)
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


def _recall(options: Options, session: Session) -> None:
    """Look at the saved conversation that would be gone on with; nothing of it changes."""
    if not options.continue_ and options.resume is None:
        return
    from chatrepl.core.errors import StorageError
    from chatrepl.storage.library import find, list_entries
    from chatrepl.storage.load import load
    from chatrepl.storage.paths import find_folders

    folder = find_folders(os.environ).conversations
    if options.resume is not None:
        entry = find(folder, options.resume)
    elif newest := list_entries(folder, 1):
        entry = newest[0]
    else:
        raise StorageError("There is no saved conversation to go on with.", "Nothing was sent.")
    session.conversation = load(entry.path).conversation
    if options.system is not None and session.system != session.settings.system:
        session.adjust(system=session.settings.system)
