"""Commands that stage images, documents and the clipboard for the next message; and the editor."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from chatrepl.attachments.attach import Attachment, from_bytes, load
from chatrepl.attachments.clipboard import Clipboard
from chatrepl.attachments.limits import check_request, limits_of
from chatrepl.attachments.mentions import complete_path, path_words
from chatrepl.attachments.safe_read import plain_path, shown
from chatrepl.attachments.sniff import FileKind, sniff
from chatrepl.commands.registry import ArgKind, Rest, command
from chatrepl.core.errors import AttachmentError, UsageError
from chatrepl.core.numbers import place
from chatrepl.core.outcome import Confirm, Draft, Edit, Notice, Outcome, Several
from chatrepl.core.words import compact
from chatrepl.session.session import Session

_MOST_NAMED = 4
_NOTHING = "No file is attached. /image PATH attaches one."
_NONE_LEFT = "No file is attached any more."


def paths(_session: Session, text: str) -> Iterable[tuple[str, str]]:
    """Offer the paths that begin like `text`, each with what is there."""
    return ((path, path_words(path)) for path in complete_path(text))


PathLine = Annotated[str, ArgKind(complete=paths, rest=True, by_word=True)]


@command("image", "attach", "file", group="next reply")
def image(session: Session, paths: PathLine = "") -> Outcome:
    """Attach images, PDFs, text files or addresses to your next message.

    Nothing is sent by this. `@path` inside a message does the same. A folder, or a pattern such as
    `*.png`, stands for its files. Images are scaled down to what the model can see, and their
    metadata is removed.
    """
    if not paths:
        return Notice(staged_lines(session) or _NOTHING)
    from chatrepl.attachments.dropped import dropped  # seldom needed

    named = dropped(paths)
    files, refused = _loaded(session, named.paths)
    if len(refused) == 1 and not (files or named.many):
        raise refused[0]
    doubtful = {path: doubt for path in files if (doubt := _doubt(path))}
    certain = _staged(session, [file for path, file in files.items() if path not in doubtful])
    asked: list[Outcome] = [
        _confirm_doubtful(session, file, doubtful[path])
        for path, file in files.items()
        if path in doubtful
    ]
    if named.many:
        asked.append(_confirm_many(session, named.many))
    warnings = [Notice(f"{error.message} {error.hint}".strip(), "warning") for error in refused]
    rest = [Draft(named.rest)] if named.rest else []
    return Several((*certain, *warnings, *asked, *rest))


def _loaded(
    session: Session, specs: Iterable[str]
) -> tuple[dict[str, Attachment], list[AttachmentError]]:
    """Load what can be attached, by the names given, and say what cannot."""
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    files: dict[str, Attachment] = {}
    refused: list[AttachmentError] = []
    for spec in specs:
        try:
            files[spec] = load(spec, limits=limits)
        except AttachmentError as error:
            refused.append(error)
    return files, refused


def _staged(session: Session, files: Sequence[Attachment]) -> list[Outcome]:
    """Stage files that are not staged yet, and show them; none where they are too much together."""
    before = [item.block for item in session.next.staged]
    new = [file for file in files if file.block not in before]
    together = (block for item in (*session.next.staged, *new) for block in item.blocks)
    check_request(together, limits=limits_of(session.model))
    session.stage(*new)
    again = [file for file in files if file not in new]
    lines = [file.line for file in new] + [f"{file.name} is attached already." for file in again]
    return [Notice("\n".join(lines))] if lines else []


def _doubt(path: str) -> str:
    """Say why a file that is named here is asked about: not for where it lies, as a mention is."""
    from chatrepl.attachments.caution import ELSEWHERE, cautions

    return ", ".join(doubt for doubt in cautions(plain_path(path)) if doubt != ELSEWHERE)


def _confirm_doubtful(session: Session, file: Attachment, doubt: str) -> Confirm:
    return Confirm(
        Notice(file.line),
        lambda: Several((*_staged(session, [file]),)),
        f"{file.name} is {doubt}. Attach it? y: attach · N: leave it",
        "Not attached.",
    )


def _confirm_many(session: Session, paths: Sequence[str]) -> Outcome:
    """Show what a folder or a pattern comes to, and ask."""
    files, refused = _loaded(session, paths)
    if not files:
        return Notice(f"None of {len(refused)} files can be attached.", "warning")
    tokens = sum(file.tokens_estimate or 0 for file in files.values())
    first = ", ".join(file.name for file in [*files.values()][:_MOST_NAMED])
    more = f" and {len(files) - _MOST_NAMED} more" if len(files) > _MOST_NAMED else ""
    left = f"\n{len(refused)} cannot be attached and are left out." if refused else ""
    doubts = [f"\n{shown(path)} is {doubt}." for path in files if (doubt := _doubt(path))]
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return Confirm(
        Notice(f"▣ {count} · ~{compact(tokens)} tokens: {first}{more}.{left}{''.join(doubts)}"),
        lambda: Several((*_staged(session, [*files.values()]),)),
        f"Attach {count}? y: attach · N: leave them",
        "Not attached.",
    )


def _attached(session: Session, text: str) -> Iterable[tuple[str, str]]:
    files = [(str(n), item.line) for n, item in enumerate(session.next.staged, 1)]
    offers = [*files, ("all", "all of these")] if files else []
    return [offer for offer in offers if offer[0].startswith(text)]


@command("detach", group="next reply")
def detach(session: Session, which: Annotated[str, ArgKind(complete=_attached)] = "all") -> Outcome:
    """Take attached files back: number WHICH, or all."""
    if not session.next.staged:
        return Notice(_NOTHING)
    if which == "all":
        session.unstage(*session.next.staged)
        return Notice(_NONE_LEFT)
    number = place(which, len(session.next.staged))
    if number is None:
        raise UsageError(f"There is no attached file {which}.", staged_lines(session))
    session.unstage(session.next.staged[number - 1])
    return Notice(staged_lines(session) or _NONE_LEFT)


def staged_lines(session: Session) -> str:
    """List what is staged, numbered."""
    return "\n".join(f"{i} {item.line}" for i, item in enumerate(session.next.staged, 1))


@command("paste", group="next reply")
def paste(session: Session) -> Outcome:
    """Attach the image on the clipboard; text on it goes into the prompt."""
    data = Clipboard().read()
    if sniff(data[:4096]).kind is FileKind.TEXT:
        return Draft(data.decode("utf-8", "replace"))
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    return Several((*_staged(session, [from_bytes(data, "clipboard", limits=limits)]),))


@command("editor", "e", group="next reply")
def editor(session: Session, text: Rest = "") -> Outcome:
    """Write the next message in your editor, beginning with TEXT; it comes back into the prompt."""
    return Edit(text, lambda written: Draft(written.rstrip("\n"), session.next.base))
