"""The parts of the line editor: its toolbar, its completion, its keys and its style."""

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.styles import Style
from wcwidth import wcswidth

from chatrepl.core.typed_words import words_of
from chatrepl.terminal.prompt.values import Candidate, ToolbarPart
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.theme import Theme

_ROOM = 3  # columns below which nothing readable fits


def fit(
    parts: Sequence[ToolbarPart], width: int, *, ascii_only: bool = False
) -> list[tuple[str, str]]:
    """Give the styled pieces of a line at most `width` columns wide."""
    separator, mark = (" | ", "~") if ascii_only else (" · ", "…")
    fitting = [part._replace(text=one_line(part.text)) for part in parts]
    if ascii_only:
        fitting = [part._replace(text=part.text.replace("▣", "*")) for part in fitting]
    fitting = [part for part in fitting if part.text]
    while len(fitting) > 1 and _width(fitting, separator) > width:
        least = max(range(len(fitting)), key=lambda index: (fitting[index].rank, index))
        del fitting[least]
    if fitting and _width(fitting, separator) > width:
        fitting = [fitting[0]._replace(text=cut(fitting[0].text, width, mark))]
    fragments: list[tuple[str, str]] = []
    for part in fitting:
        if fragments:
            fragments.append(("class:toolbar", separator))
        fragments.append((f"class:{part.style}", part.text))
    return fragments


def cut(text: str, width: int, mark: str = "…") -> str:
    """Shorten a line to a number of columns; `mark` ends it."""
    if width < _ROOM:
        return ""
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text}{mark}"


def cells(text: str) -> int:
    """Count the columns that a safe line takes."""
    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def _width(parts: Sequence[ToolbarPart], separator: str) -> int:
    return sum(cells(part.text) for part in parts) + cells(separator) * (len(parts) - 1)


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


def prompt_style(theme: Theme) -> Style:
    """Give our tints, and prompt_toolkit's own classes in them."""
    named = {name: tint.for_prompt() for name, tint in theme.items()}
    plain = "noreverse bg:default fg:default"
    return Style.from_dict({
        **named,
        "bottom-toolbar": "noreverse",
        "auto-suggestion": named["suggestion"],
        "completion-menu": plain,
        "completion-menu.completion": f"{plain} {named['candidate']}",
        "completion-menu.completion.current": f"{plain} {named['candidate.current']}",
        "completion-menu.meta.completion.current": f"{plain} {named['candidate.meta']}",
        "completion-menu.meta.completion": f"{plain} {named['candidate.meta']}",
        "scrollbar.background": "bg:default",
        "scrollbar.button": "bg:default noreverse",
        "search-toolbar": named["search"],
    })  # fmt: skip
