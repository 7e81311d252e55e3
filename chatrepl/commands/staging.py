"""Commands that stage images, documents and the clipboard for the next message; and the editor."""

from collections.abc import Iterable
from typing import Annotated

from chatrepl.attachments.attach import Attachment, from_bytes, load
from chatrepl.attachments.clipboard import Clipboard
from chatrepl.attachments.limits import limits_of
from chatrepl.attachments.mentions import complete_path
from chatrepl.attachments.sniff import FileKind, sniff
from chatrepl.commands.registry import ArgKind, Rest, command
from chatrepl.core.errors import AttachmentError, UsageError
from chatrepl.core.numbers import place
from chatrepl.core.outcome import Draft, Edit, Notice, Outcome, Several
from chatrepl.session.session import Session


def paths(_session: Session, text: str) -> Iterable[str]:
    """Offer the paths that begin like `text`."""
    return complete_path(text)


PathWord = Annotated[str, ArgKind(complete=paths)]


@command("image", "attach", "file", group="next reply")
def image(session: Session, *paths: PathWord) -> Outcome:
    """Stage images, PDFs, text files or addresses for your next message.

    Nothing is sent by this. `@path` inside a message does the same. Images are scaled down to what
    the model can see, and their metadata is removed.
    """
    if not paths:
        return Notice(staged_lines(session) or "Nothing is staged. /image PATH stages a file.")
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    added: list[Attachment] = []
    refused: list[AttachmentError] = []
    for path in paths:
        try:
            added.append(load(path, limits=limits))
        except AttachmentError as error:
            refused.append(error)
    if len(refused) == len(paths) == 1:
        raise refused[0]
    session.stage(*added)
    staged = [Notice("\n".join(map(_line, added)))] if added else []
    warnings = (Notice(f"{error.message} {error.hint}".strip(), "warning") for error in refused)
    return Several((*staged, *warnings))


@command("detach", group="next reply")
def detach(session: Session, which: str = "all") -> Outcome:
    """Take staged files back: number WHICH, or all."""
    if not session.next.staged:
        return Notice("Nothing is staged.")
    if which == "all":
        session.unstage(*session.next.staged)
        return Notice("Nothing is staged any more.")
    number = place(which, len(session.next.staged))
    if number is None:
        raise UsageError(f"There is no staged file {which}.", staged_lines(session))
    session.unstage(session.next.staged[number - 1])
    return Notice(staged_lines(session) or "Nothing is staged any more.")


def staged_lines(session: Session) -> str:
    """List what is staged, numbered."""
    return "\n".join(f"{i} {_line(item)}" for i, item in enumerate(session.next.staged, 1))


def _line(item: Attachment) -> str:
    return f"{item.chip} · {item.note}" if item.note else item.chip


@command("paste", group="next reply")
def paste(session: Session) -> Outcome:
    """Stage the image on the clipboard; text on it goes into the prompt."""
    data = Clipboard().read()
    if sniff(data[:4096]).kind is FileKind.TEXT:
        return Draft(data.decode("utf-8", "replace"))
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    session.stage(from_bytes(data, "clipboard", limits=limits))
    return Notice(staged_lines(session))


@command("editor", "e", group="next reply")
def editor(session: Session, text: Rest = "") -> Outcome:
    """Write the next message in your editor, beginning with TEXT; it comes back into the prompt."""
    return Edit(text, lambda written: Draft(written.rstrip("\n"), session.next.base))
