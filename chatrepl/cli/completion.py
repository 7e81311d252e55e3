"""What the prompt offers to complete: commands and their arguments, and `@path`."""

from collections.abc import Iterable

from chatrepl.attachments.mentions import complete_path
from chatrepl.commands.registry import REGISTRY
from chatrepl.core.escapes import escaped, unescaped, words_of
from chatrepl.session import Session
from chatrepl.terminal.prompt import Candidate

LONGEST = 4_096  # of a path


def complete(session: Session, text: str, cursor: int) -> Iterable[Candidate]:
    """Offer completions at the cursor."""
    before = text[:cursor]
    if before.startswith("/") and not before.startswith("//") and "\n" not in before:
        length, offers = REGISTRY.complete(session, before)
        for offer, meaning in offers:
            yield Candidate(cursor - length, offer, offer.rstrip(), meaning)
        return
    word = words_of(before[-LONGEST:])[-1]
    if word.startswith("@"):
        for path in complete_path(unescaped(word[1:])):
            yield Candidate(cursor - len(word) + 1, escaped(path), path)
