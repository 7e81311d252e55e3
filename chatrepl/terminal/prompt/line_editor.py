"""prompt_toolkit, set up as our prompt: toolbar, completion, keys. Importing this imports it."""

import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import prompt_toolkit
from prompt_toolkit.application import create_app_session, get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, vi_navigation_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyBindings, KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal
from wcwidth import wcswidth

from chatrepl.core.typed_words import words_of
from chatrepl.terminal.modes import Tty, is_ignored
from chatrepl.terminal.prompt.history import DiskHistory
from chatrepl.terminal.prompt.keys import LEAVE_HINT, KeyState, prompt_keys
from chatrepl.terminal.prompt.picture import FenceLexer, VisibleProcessor
from chatrepl.terminal.prompt.values import (
    Candidate,
    Closed,
    Feeds,
    Interrupted,
    PromptOptions,
    ToolbarPart,
)
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.theme import Theme

if TYPE_CHECKING:
    from prompt_toolkit.application import Application


_ROOM = 3  # columns below which nothing readable fits


def fit(
    parts: Sequence[ToolbarPart], width: int, *, ascii_only: bool = False
) -> list[tuple[str, str]]:
    """Give the styled pieces of a line at most `width` columns wide."""
    separator, mark = (" | ", "~") if ascii_only else (" · ", "…")
    fitting = [part._replace(text=one_line(part.text)) for part in parts]
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


def parse_keys(data: bytes) -> list[KeyPress]:
    """Parse bytes that were typed; a paste becomes one key press, an unfinished one too."""
    keys: list[KeyPress] = []
    parser = Vt100Parser(keys.append)
    parser.feed(data.decode("utf-8", "surrogateescape"))
    parser.flush()
    return keys


_ROWS_FOR_MENU = 6
_ROWS_BESIDE_MENU = 2
_ESCAPE_SECONDS = 0.1  # between the bytes of one key
_SEQUENCE_SECONDS = 1.0  # between the keys of one command, such as Ctrl-X Ctrl-E
_VI_ESCAPE_SECONDS = 0.25  # Esc alone is a command there

_RawResult = str | Interrupted | Closed


class PromptSession:
    """The session behind a `Prompt`."""

    def __init__(
        self,
        options: PromptOptions,
        feeds: Feeds,
        environ: Mapping[str, str],
        streams: tuple[TextIO | None, TextIO | None],
        tty: Tty,
    ) -> None:
        stdin, stdout = streams
        dumb = is_dumb_terminal(environ.get("TERM"))
        self.input: Input = create_input(stdin)
        self._output = PlainTextOutput(stdout or sys.stdout) if dumb else create_output(stdout)
        self.history = DiskHistory(options.history)
        self._feeds = feeds
        self._options = options
        self._first = True
        self._keys = KeyState(options.multiline, cleared=self._feeds.cleared)
        with create_app_session(self.input, self._output):
            self._session = self._build(prompt_keys(self._keys, environ, tty), dumb=dumb)
        app = self._session.app
        app.key_processor.before_key_press += self._keys.next_key
        app.before_render += self._fit_menu
        app.renderer.cpr_not_supported_callback = None  # its warning would be noise
        self.apply(options)

    def _build(self, keys: KeyBindings, *, dumb: bool) -> prompt_toolkit.PromptSession[_RawResult]:
        return prompt_toolkit.PromptSession(
            message=self._mark,
            multiline=True,
            prompt_continuation=self._continuation,
            history=self.history,
            auto_suggest=AutoSuggestFromHistory(),
            search_ignore_case=True,
            lexer=FenceLexer(),
            completer=CandidateCompleter(self._feeds.complete),
            complete_while_typing=Condition(_opens_menu),
            reserve_space_for_menu=_ROWS_FOR_MENU,
            input_processors=[VisibleProcessor()],
            key_bindings=keys,
            bottom_toolbar=self._toolbar,
            placeholder=self._placeholder,
            include_default_pygments_style=False,
            input=self.input,
            output=None if dumb else self._output,  # given one, it would not see how dumb it is
        )

    def apply(self, options: PromptOptions) -> None:
        """Take over changed options."""
        self._options = options
        self._keys.multiline = options.multiline
        self._session.editing_mode = EditingMode.VI if options.vi else EditingMode.EMACS
        self._session.app.ttimeoutlen = _ESCAPE_SECONDS
        self._session.app.timeoutlen = _VI_ESCAPE_SECONDS if options.vi else _SEQUENCE_SECONDS
        self._session.style = prompt_style(options.theme)
        self._session.color_depth = None if options.color else ColorDepth.DEPTH_1_BIT

    def offer_to_leave(self) -> None:
        """Count an interrupt from outside as the first Ctrl-C."""
        self._keys.hint = LEAVE_HINT

    def type_ahead(self, data: bytes) -> None:
        """Give the next prompt keys that were read elsewhere."""
        store_typeahead(self.input, parse_keys(data))

    @property
    def command_waits(self) -> bool:
        """Whether what was typed ahead begins with a command that was submitted."""
        keys = self._ahead()
        return bool(keys) and keys[0].data == "/" and Keys.Enter in [each.key for each in keys]

    def _ahead(self) -> "list[KeyPress]":
        keys = get_typeahead(self.input)  # this takes them out
        store_typeahead(self.input, keys)
        return keys

    async def prompt(self, default: str) -> _RawResult:
        """Edit a line."""
        if default and self._ahead():
            default += "\n"  # a draft that came back, before what was typed meanwhile
        with create_app_session(self.input, self._output):
            heard = not is_ignored(signal.SIGINT)
            result = await self._session.prompt_async(default=default, handle_sigint=heard)
        self._first = False
        return result

    def keep_draft(self) -> None:
        """Put what is being typed into the history: nobody will submit it any more."""
        if draft := self._session.default_buffer.text:
            self.history.append_string(draft)

    def _fit_menu(self, app: "Application[_RawResult]") -> None:
        """Reserve no more rows for the menu than the window has beside prompt and toolbar."""
        room = app.output.get_size().rows - _ROWS_BESIDE_MENU
        self._session.reserve_space_for_menu = max(0, min(_ROWS_FOR_MENU, room))

    def _mark(self) -> StyleAndTextTuples:
        return [("class:mark", self._options.mark)]

    def _continuation(self, width: int, _number: int, _wrapped: int) -> StyleAndTextTuples:
        return [("", " " * width)]

    def _placeholder(self) -> StyleAndTextTuples:
        return [("class:suggestion", self._options.placeholder if self._first else "")]

    def _toolbar(self) -> StyleAndTextTuples:
        size = get_app().output.get_size()
        if self._keys.hint:
            parts = [ToolbarPart("toolbar.strong", self._keys.hint)]
        else:
            mode = [ToolbarPart("toolbar.strong", "normal mode")] if vi_navigation_mode() else []
            parts = [*mode, *self._feeds.toolbar()]
        return [*fit(parts, size.columns, ascii_only=self._options.mark.isascii())]


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


def _opens_menu() -> bool:
    document = get_app().current_buffer.document
    return completes_by_itself(document.text, document.cursor_position)
