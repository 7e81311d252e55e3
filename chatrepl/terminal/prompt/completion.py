"""Completion: the shell's candidates as prompt_toolkit wants them, with foreign names made safe."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from chatrepl.core.escapes import words_of
from chatrepl.terminal.prompt.values import Candidate
from chatrepl.terminal.sanitize import one_line


class CandidateCompleter(Completer):
    """Asks a function for candidates."""

    def __init__(self, complete: Callable[[str, int], Iterable[Candidate]]) -> None:
        self._complete = complete

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Give the candidates for the text up to the cursor."""
        del complete_event
        cursor = document.cursor_position
        for candidate in self._complete(document.text, cursor):
            yield Completion(
                candidate.text,
                start_position=min(0, candidate.start - cursor),
                display=one_line(candidate.display or candidate.text, 60),
                display_meta=one_line(candidate.meta, 80),
            )


def completes_by_itself(text: str, cursor: int) -> bool:
    """Tell whether the menu opens while typing: for a command at the start, and for `@path`."""
    before = text[:cursor]
    if before.startswith("/") and not before.startswith("//") and "\n" not in before:
        return True
    return words_of(before[-200:])[-1].startswith("@")
