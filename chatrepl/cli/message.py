"""The one message of a single shot: words, standard input and attachments put together."""

import sys
from typing import TYPE_CHECKING

from chatrepl.cli.options import Options
from chatrepl.cli.stdin import Piped
from chatrepl.core.errors import UsageError
from chatrepl.core.talk.conversation import Message
from chatrepl.session.session import Session
from chatrepl.shells.oneshot import mutter

if TYPE_CHECKING:
    from chatrepl.attachments.attach import Attachment

USAGE = "usage: chatrepl [OPTIONS] [PROMPT]...   (chatrepl --help says more)"


def compose(options: Options, session: Session, piped: Piped | None) -> Message:
    """Make the message that is sent. Raises UsageError where there is nothing to ask."""
    prompt = " ".join(options.prompt)
    from_stdin = "-" in options.attach
    if from_stdin and piped is None:
        raise UsageError("-a - reads standard input, which is the keyboard here.")
    text = piped.text if piped is not None and not from_stdin else ""
    session.stage(*_attached(options, session, piped))
    if prompt.strip() and text.strip():
        text = f"<stdin>\n{text.rstrip(chr(10))}\n</stdin>\n\n{prompt}"
    elif prompt.strip():
        text = prompt
    if not text.strip() and not session.next.staged:
        raise UsageError("There is no question: no prompt was given.", USAGE)
    return session.compose(text if text.strip() else "")


def _attached(options: Options, session: Session, piped: Piped | None) -> "tuple[Attachment, ...]":
    if not options.attach and not (piped and piped.data):
        return ()
    from chatrepl.attachments.attach import from_bytes, load
    from chatrepl.attachments.limits import check_request, limits_for

    model = session.model
    limits = limits_for(
        high_resolution=model.image_edge_px > 1568, window_tokens=model.context_window or 200_000
    )
    found: list[Attachment] = []
    for spec in options.attach:
        if spec != "-":
            found.append(load(spec, limits=limits))
        elif piped is not None:
            found.append(from_bytes(piped.data or piped.text.encode(), "stdin", limits=limits))
    if piped is not None and piped.data and "-" not in options.attach:
        found.append(from_bytes(piped.data, "stdin", limits=limits))
    check_request((item.block for item in found), limits=limits)
    if not options.quiet:
        for item in found:
            mutter(sys.stderr if item.note else None, f"chatrepl: {item.name}: {item.note}")
    return tuple(found)
