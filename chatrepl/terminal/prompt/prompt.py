"""One prompt for the whole session: what the shell calls. Importing this imports prompt_toolkit.

A `Tty` brings back the modes of the start for the editor and for a suspension.
The shell gives options and functions (`Feeds`); it gets `Submitted`, `Interrupted` or `Closed`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from prompt_toolkit import PromptSession
from prompt_toolkit.application import (
    Application,
    create_app_session,
    get_app,
    run_in_terminal,
)
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, vi_navigation_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.utils import is_dumb_terminal

from chatrepl.terminal.modes import Tty, is_ignored
from chatrepl.terminal.prompt.contain import (
    ContainedCompleter,
    ContainedLexer,
    ContainedProcessor,
    contained,
)
from chatrepl.terminal.prompt.history import DiskHistory
from chatrepl.terminal.prompt.keys import LEAVE_HINT, KeyState, prompt_keys
from chatrepl.terminal.prompt.line_editor import (
    CandidateCompleter,
    completes_by_itself,
    fit,
    parse_keys,
    prompt_style,
)
from chatrepl.terminal.prompt.picture import FenceLexer, VisibleProcessor
from chatrepl.terminal.prompt.values import (
    Closed,
    Feeds,
    Interrupted,
    PromptEntry,
    PromptOptions,
    Submitted,
    ToolbarPart,
)

PromptResult: TypeAlias = str | Interrupted | Closed

_ROWS_FOR_MENU = 6
_ROWS_BESIDE_MENU = 2
_ESCAPE_SECONDS = 0.1  # between the bytes of one key
_SEQUENCE_SECONDS = 1.0  # between the keys of one command, such as Ctrl-X Ctrl-E
_VI_ESCAPE_SECONDS = 0.25  # Esc alone is a command there


class Prompt:
    """A line editor on the keyboard, with history, completion and a toolbar.

    `options` are those in force.
    """

    def __init__(self, options: PromptOptions, feeds: Feeds, tty: Tty) -> None:
        dumb = is_dumb_terminal(os.environ.get("TERM"))
        self._input = create_input()
        self._output = PlainTextOutput(sys.stdout) if dumb else create_output()
        self._history = DiskHistory(options.history)
        self._feeds = feeds
        self._first = True
        self._keys = KeyState(options.multiline, cleared=feeds.cleared)
        with create_app_session(self._input, self._output):
            self._session = self._build(prompt_keys(self._keys, os.environ, tty), dumb=dumb)
        app = self._session.app
        app.key_processor.before_key_press += contained(self._keys.next_key, _nothing)
        app.before_render += contained(self._fit_menu, _nothing)
        keys = app.key_processor  # its own containment forgets the keys behind the one that failed
        keys._call_handler = contained(keys._call_handler, _nothing)  # type: ignore[method-assign]  # noqa: SLF001
        app.renderer.cpr_not_supported_callback = None  # its warning would be noise
        self.change(options)

    def _build(self, keys: KeyBindings, *, dumb: bool) -> PromptSession[PromptResult]:
        return PromptSession(
            message=lambda: [("class:mark", self.options.mark)],
            multiline=True,
            prompt_continuation=lambda width, _number, _wrapped: [("", " " * width)],
            history=self._history,
            auto_suggest=AutoSuggestFromHistory(),
            search_ignore_case=True,
            lexer=ContainedLexer(FenceLexer()),
            completer=ContainedCompleter(CandidateCompleter(self._feeds.complete)),
            complete_while_typing=Condition(_opens_menu),
            reserve_space_for_menu=_ROWS_FOR_MENU,
            input_processors=[ContainedProcessor(VisibleProcessor())],
            key_bindings=keys,
            bottom_toolbar=contained(self._toolbar, list),
            placeholder=self._placeholder,
            include_default_pygments_style=False,
            input=self._input,
            output=None if dumb else self._output,  # given one, it would not see how dumb it is
        )

    def change(self, options: PromptOptions) -> None:
        """Look and behave otherwise from the next line on; the history stays where it is."""
        self.options = options
        self._history.secrets = options.secrets
        self._keys.multiline = options.multiline
        self._session.editing_mode = EditingMode.VI if options.vi else EditingMode.EMACS
        self._session.app.ttimeoutlen = _ESCAPE_SECONDS
        self._session.app.timeoutlen = _VI_ESCAPE_SECONDS if options.vi else _SEQUENCE_SECONDS
        self._session.style = prompt_style(options.theme)
        self._session.color_depth = None if options.color else ColorDepth.DEPTH_1_BIT

    def type_ahead(self, data: bytes) -> None:
        """Give the next prompt keys that were read elsewhere."""
        store_typeahead(self._input, parse_keys(data))

    @property
    def command_waits(self) -> bool:
        """Whether what was typed ahead begins with a command that was submitted."""
        keys = self._ahead()
        return bool(keys) and keys[0].data == "/" and Keys.Enter in [each.key for each in keys]

    def _ahead(self) -> list[KeyPress]:
        keys = get_typeahead(self._input)  # this takes them out
        store_typeahead(self._input, keys)
        return keys

    def read(
        self, run: Callable[[Coroutine[Any, Any, PromptResult]], PromptResult], default: str = ""
    ) -> PromptEntry:
        """Let the user edit a line that begins as `default`, until it is submitted or left.

        `run` is `asyncio.run`, or that of an event loop on which other things go on meanwhile.
        Whatever else is raised, `draft` is then what was typed so far.
        """
        self._session.default_buffer.reset(Document(default))
        try:
            result = run(self._prompt(default))
        except EOFError:
            self.keep_draft()
            return Closed()
        except (SystemExit, OSError):  # we must leave, or the terminal has gone
            self.keep_draft()
            raise
        except KeyboardInterrupt:  # it came while the keys were not ours: as one Ctrl-C
            self._keys.hint = LEAVE_HINT
            return self.read(run, self.draft)
        if not isinstance(result, str):
            return result
        return Submitted(whole_characters(result), tuple(self._keys.pastes))

    @property
    def draft(self) -> str:
        """What stands in the line."""
        return self._session.default_buffer.text

    def above(self, say: Callable[[], None]) -> bool:
        """Let something be said above the line that is being edited; tell whether there is one."""
        app = self._session.app
        if not app.is_running or app.context is None:
            return False
        app.context.copy().run(run_in_terminal, say)
        return True

    async def _prompt(self, default: str) -> PromptResult:
        if default and self._ahead():
            default += "\n"  # a draft that came back, before what was typed meanwhile
        with create_app_session(self._input, self._output):
            heard = not is_ignored(signal.SIGINT)
            loop = asyncio.get_running_loop()  # what it does with bugs is better than a stack trace
            loop.call_soon(loop.set_exception_handler, loop.get_exception_handler())  # a dumb one
            result = await self._session.prompt_async(
                default=default, handle_sigint=heard, set_exception_handler=False
            )
        self._first = False
        return result

    def keep_draft(self) -> None:
        """Put what is being typed into the history: nobody will submit it any more."""
        if self.draft:
            self._history.append_string(self.draft)

    def _fit_menu(self, app: Application[PromptResult]) -> None:
        """Reserve no more rows for the menu than the window has beside prompt and toolbar."""
        room = app.output.get_size().rows - _ROWS_BESIDE_MENU
        self._session.reserve_space_for_menu = max(0, min(_ROWS_FOR_MENU, room))

    def _placeholder(self) -> StyleAndTextTuples:
        return [("class:suggestion", self.options.placeholder if self._first else "")]

    def _toolbar(self) -> StyleAndTextTuples:
        columns = get_app().output.get_size().columns
        if self._keys.hint:
            parts = [ToolbarPart("toolbar.strong", self._keys.hint)]
        else:
            mode = [ToolbarPart("toolbar.strong", "normal mode")] if vi_navigation_mode() else []
            draft = Submitted(self._session.default_buffer.text, tuple(self._keys.pastes))
            parts = [*mode, *self._feeds.toolbar(draft)]
        return [*fit(parts, columns, ascii_only=self.options.mark.isascii())]


def _nothing(*_args: object, **_keywords: object) -> None:
    pass


def _opens_menu() -> bool:
    document = get_app().current_buffer.document
    return completes_by_itself(document.text, document.cursor_position)


def whole_characters(text: str) -> str:
    """Replace what is half a character, so that the text can be stored and sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
