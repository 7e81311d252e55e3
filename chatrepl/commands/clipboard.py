"""Commands that carry text in and out: the clipboard and your editor."""

import re
from collections.abc import Iterable
from typing import Annotated

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.clipboard import Clipboard
from chatrepl.attachments.sniff import Kind as FileKind
from chatrepl.attachments.sniff import sniff
from chatrepl.commands.attaching import limits_of, staged_lines
from chatrepl.commands.registry import Kind, Rest, command
from chatrepl.commands.tree import numbered
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Copy, Draft, Edit, Notice, Outcome
from chatrepl.core.verdict import code_blocks
from chatrepl.session import Session

_DIGITS = re.compile(r"\d+")


def _parts(session: Session, text: str) -> Iterable[str]:
    numbers = (str(n) for n in range(len(session.conversation.path()), 0, -1))
    return (word for word in ("code", "all", *numbers) if word.startswith(text))


@command("copy", group="conversation")
def copy(
    session: Session,
    what: Annotated[str | None, Kind(complete=_parts)] = None,
    block: Annotated[int | None, Kind(int)] = None,
) -> Outcome:
    """Copy the last reply, WHAT turn's reply, `code` (its BLOCK, else the last), or `all`.

    It is the exact text of the reply, without anything of the screen.
    """
    if what == "all":
        numbered(session, None)
        return Copy(_all(session), "The conversation")
    if what == "code":
        return _code(session, block)
    if block is not None or (what is not None and not _DIGITS.fullmatch(what)):
        raise UsageError("/copy takes a turn's number, code, or all.", "/help copy tells more.")
    turn = numbered(session, None if what is None else int(what))
    if turn.assistant is None:
        raise UsageError("That turn has no reply.")
    return Copy(turn.assistant.text, "The reply")


def _all(session: Session) -> str:
    parts = []
    for turn in session.conversation.path():
        asked = "\n\n".join(block.to_markdown() for block in turn.question)
        parts += [f"## You\n\n{asked}"] if asked else []
        parts += [f"## Reply\n\n{turn.assistant.text}"] if turn.assistant is not None else []
    return "\n\n".join(parts) + "\n"


def _code(session: Session, block: int | None) -> Outcome:
    """Take a code block of the last reply that has any."""
    for turn in reversed(session.conversation.path()):
        blocks = code_blocks(turn.assistant.text) if turn.assistant is not None else ()
        if not blocks:
            continue
        if block is not None and not 1 <= block <= len(blocks):
            raise UsageError(f"There is no code block {block}.", f"The reply has {len(blocks)}.")
        return Copy(blocks[-1 if block is None else block - 1], "The code")
    raise UsageError("No reply holds a code block.")


@command("paste", group="next reply")
def paste(session: Session) -> Outcome:
    """Stage the image on the clipboard; text on it goes into the prompt."""
    data = Clipboard().read()
    if sniff(data[:4096]).kind is FileKind.TEXT:
        return Draft(data.decode("utf-8", "replace"))
    found = from_bytes(data, "clipboard", limits=limits_of(session))
    session.staged = (*session.staged, found)
    return Notice(staged_lines(session))


@command("editor", "e", group="next reply")
def editor(session: Session, text: Rest = "") -> Outcome:
    """Write the next message in your editor, beginning with TEXT; it comes back into the prompt."""
    return Edit(text, lambda written: Draft(written.rstrip("\n"), session.base))
