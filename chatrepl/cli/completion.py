"""What the prompt offers to complete: commands and their arguments, and `@path`."""

from collections.abc import Iterable

from chatrepl.attachments.mentions import complete_path
from chatrepl.commands.registry import REGISTRY
from chatrepl.session import Session
from chatrepl.terminal.prompt import Candidate


def complete(session: Session, text: str, cursor: int) -> Iterable[Candidate]:
    """Offer completions at the cursor."""
    before = text[:cursor]
    if before.startswith("/") and not before.startswith("//") and "\n" not in before:
        length, offers = REGISTRY.complete(session, before)
        for offer, meaning in offers:
            yield Candidate(cursor - length, offer, offer.rstrip(), meaning)
        return
    word = before.rpartition("\n")[2].rpartition(" ")[2]
    if word.startswith("@"):
        for path in complete_path(word[1:]):
            yield Candidate(cursor - len(word) + 1, path)
