"""One prompt for the whole session: what the shell calls. Importing this imports prompt_toolkit.

A `Tty` brings back the modes of the start for the editor and for a suspension.
The shell gives options and functions (`Feeds`); it gets `Submitted`, `Interrupted` or `Closed`.
"""

import asyncio
import os
import select
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
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
from prompt_toolkit.filters import Condition, is_searching, vi_navigation_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyBindings, KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth, DummyOutput
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.renderer import Renderer
from prompt_toolkit.utils import is_dumb_terminal

from chatrepl.core.outcome import Pick
from chatrepl.terminal.keys.typing import Stroke
from chatrepl.terminal.modes import Tty, is_ignored
from chatrepl.terminal.prompt.contain import (
    ContainedCompleter,
    ContainedLexer,
    ContainedProcessor,
    contained,
)
from chatrepl.terminal.prompt.drafts import DraftKeeper
from chatrepl.terminal.prompt.folds import MARK, Folds
from chatrepl.terminal.prompt.history import DiskHistory
from chatrepl.terminal.prompt.keyboard_input import Keyboard, key_presses
from chatrepl.terminal.prompt.keys import LEAVE_HINT, KeyState, prompt_keys
from chatrepl.terminal.prompt.line_editor import (
    CandidateCompleter,
    completes_by_itself,
    fit,
    prompt_style,
)
from chatrepl.terminal.prompt.picture import FenceLexer, VisibleProcessor
from chatrepl.terminal.prompt.renderer import open_output, open_renderer
from chatrepl.terminal.prompt.search import name_search, search_words
from chatrepl.terminal.prompt.values import (
    Closed,
    Feeds,
    Interrupted,
    PromptEntry,
    PromptOptions,
    Submitted,
    ToolbarPart,
    whole_characters,
)

PromptResult: TypeAlias = str | Interrupted | Closed

_ROWS_FOR_MENU = 9
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
        self._tty = tty
        self._input = _keyboard(tty)
        self._output = DummyOutput() if options.plain else open_output(dumb=dumb)
        self._folds = Folds()
        self._feeds = feeds
        self._first = True
        self._plain: bool | None = None
        self._keys = KeyState(options.multiline, cleared=feeds.cleared)
        self._history = DiskHistory(
            options.history,
            self._folds.whole,
            pasted=self._keys.pastes,
            recalled=self._keys.recalled,
        )
        if not dumb or options.plain:
            self._keys.card = contained(self._card, str)
        with create_app_session(self._input, self._output):
            self._session = self._build(
                prompt_keys(self._keys, self._folds, os.environ, tty),
                dumb=dumb and not options.plain,
            )
        name_search(self._session.layout)
        app = self._session.app
        app.key_processor.before_key_press += contained(self._next_key, _nothing)
        self._drafts = DraftKeeper(self._history.drafts, self._draft_to_keep)
        self._session.default_buffer.on_text_changed += contained(self._drafts.changed, _nothing)
        app.before_render += contained(self._fit_menu, _nothing)
        app.after_render += contained(self._note_what_came_meanwhile, _nothing)
        keys = app.key_processor  # its own containment forgets the keys behind the one that failed
        keys._call_handler = contained(keys._call_handler, _nothing)  # type: ignore[method-assign]  # noqa: SLF001
        self.change(options)

    def _build(self, keys: KeyBindings, *, dumb: bool) -> PromptSession[PromptResult]:
        return PromptSession(
            message=lambda: [("class:mark", self.options.mark)],
            multiline=True,
            prompt_continuation=lambda width, _number, _wrapped: [("", " " * width)],
            history=self._history,
            search_ignore_case=True,
            lexer=ContainedLexer(FenceLexer()),
            completer=ContainedCompleter(CandidateCompleter(self._feeds.complete)),
            complete_while_typing=Condition(lambda: not self.options.plain and _opens_menu()),
            reserve_space_for_menu=_ROWS_FOR_MENU,
            input_processors=[ContainedProcessor(VisibleProcessor(self._folds))],
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

        if self._plain is not options.plain:
            self._plain = options.plain
            self._draw_anew()

    def _draw_anew(self) -> None:
        """Draw on the screen, or write lines."""
        app, plain = self._session.app, self._plain
        self._session.auto_suggest = None if plain else AutoSuggestFromHistory()
        if not plain and isinstance(self._output, DummyOutput):
            self._output = open_output(dumb=False)
        style = app.renderer.style
        app.renderer = self._line_renderer() if plain else open_renderer(style, self._output)
        app.renderer.cpr_not_supported_callback = None  # its warning would be noise
        app.output = app.renderer.output

    def _line_renderer(self) -> Renderer:
        from chatrepl.terminal.prompt.lines import LineRenderer  # seldom needed

        return LineRenderer(_write, self.options.mark, lambda: self._keys.hint, self._folds)

    def type_ahead(self, strokes: Iterable[Stroke]) -> None:
        """Give the next prompt keys that were read elsewhere."""
        store_typeahead(self._input, list(key_presses(strokes)))

    def line_waits(self, line: str) -> None:
        """Keep a line on disk that was submitted while nobody reads, and comes typed ahead."""
        self._history.store_ahead(line)

    @property
    def command_waits(self) -> bool:
        """Whether what was typed ahead begins with a command that was submitted."""
        keys = self._ahead()
        return bool(keys) and keys[0].data == "/" and Keys.Enter in [each.key for each in keys]

    def take_ahead(self) -> str:
        """Take out what was typed ahead, as text: what was submitted in it is a line of its own."""
        text = ""
        for press in get_typeahead(self._input):
            if press.key in {Keys.Backspace, Keys.ControlH}:
                text = text[:-1]
            elif press.key is Keys.BracketedPaste or press.data.isprintable():
                text += press.data
            elif press.key in {Keys.Enter, Keys.ControlJ}:
                text += "\n"
        return whole_characters("\n".join(text.splitlines()))

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
        while True:
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
                default = self.draft
            else:
                if not isinstance(result, str):
                    return result
                return self._submitted(result)

    def _submitted(self, text: str) -> Submitted:
        self._drafts.drop()
        return Submitted(
            whole_characters(self._folds.whole(text)),
            self._keys.pasted(self._session.default_buffer),
        )

    def clear(self) -> None:
        """Empty the line: whoever read it has it, and it is no draft any more."""
        self._session.default_buffer.reset()
        self._drafts.drop()

    @property
    def draws(self) -> bool:
        """Whether there is a screen that more than lines can be drawn on."""
        return not (self.options.plain or isinstance(self._output, DummyOutput | PlainTextOutput))

    def pick(self, run: Callable[[Coroutine[Any, Any, str]], str], asked: Pick) -> str:
        """Let one of many be chosen; give its id, or nothing where the user leaves."""
        from chatrepl.terminal.prompt.picker import Picker  # seldom wanted

        async def pick() -> str:
            with create_app_session(self._input, self._output), self._tty.keys_apart():
                app = Picker(asked, self.options.mark).application(prompt_style(self.options.theme))
                return await app.run_async(handle_sigint=False, set_exception_handler=False)

        try:
            return run(pick())
        except (EOFError, KeyboardInterrupt):
            return ""

    @property
    def draft(self) -> str:
        """What stands in the line, with what is folded in it."""
        return self._folds.whole(self._session.default_buffer.text)

    def above(self, say: Callable[[], None]) -> bool:
        """Let something be said above the line that is being edited; tell whether there is one."""
        app = self._session.app
        if not app.is_running or app.context is None:
            return False
        app.context.copy().run(run_in_terminal, say)
        return True

    async def _prompt(self, default: str) -> PromptResult:
        self._keys.begin(comes_back=bool(default))
        default = self._folds.fold_again(whole_characters(default))
        if default and self._ahead():
            default += "\n"  # a draft that came back, before what was typed meanwhile
        with create_app_session(self._input, self._output):
            heard = not is_ignored(signal.SIGINT)
            loop = asyncio.get_running_loop()  # what it does with bugs is better than a stack trace
            loop.call_soon(loop.set_exception_handler, loop.get_exception_handler())  # a dumb one
            with self._tty.keys_apart():
                result = await self._session.prompt_async(
                    default=default,
                    handle_sigint=heard,
                    set_exception_handler=False,
                    pre_run=self._before_what_was_typed_ahead,
                )
        self._first = False
        return result

    def _before_what_was_typed_ahead(self) -> None:
        """Bring earlier lines back where a key was typed ahead that may ask for one."""
        if any(isinstance(press.key, Keys) for press in self._ahead()):
            self._history.bring_to(self._session.default_buffer)

    def keep_draft(self) -> None:
        """Put what is being typed into the history: nobody will submit it any more."""
        if self.draft:
            self.remember(self.draft)
        self._drafts.drop()

    def _draft_to_keep(self) -> str:
        return self.draft if self._history.may_store(self.draft) else ""

    def remember(self, text: str) -> None:
        """Put a text into the history that is no draft any more and was not submitted."""
        self._history.append_string(text)

    def _note_what_came_meanwhile(self, _app: object) -> None:
        """Take what came while the screen was drawn for a part of the paste that was drawn."""
        with suppress(OSError, ValueError):  # there is no keyboard any more
            if select.select([self._tty.keyboard], [], [], 0)[0]:
                self._tty.typing.was_busy()

    def _fit_menu(self, app: Application[PromptResult]) -> None:
        """Reserve no more rows for the menu than the window has beside prompt and toolbar."""
        room = app.output.get_size().rows - _ROWS_BESIDE_MENU
        self._session.reserve_space_for_menu = max(0, min(_ROWS_FOR_MENU, room))

    def _placeholder(self) -> StyleAndTextTuples:
        hint = self.options.placeholder if self._first and not is_searching() else ""
        return [("class:suggestion", hint)]

    def _next_key(self, _sender: object) -> None:
        self._keys.next_key(_sender)
        if self._keys.card_stood and not self._plain:
            self._session.app.renderer.erase()  # it would stay as tall as the card was
            self._session.app.invalidate()

    def _card(self) -> str:
        columns = 0 if self._plain else get_app().output.get_size().columns
        return "\n".join(self._feeds.card(columns))  # one below the other, for who listens

    def _toolbar(self) -> StyleAndTextTuples:
        columns = get_app().output.get_size().columns
        if "\n" in self._keys.hint:
            return [("class:toolbar", self._keys.hint)]
        if self._keys.hint:
            parts = [ToolbarPart("toolbar.strong", self._keys.hint)]
        else:
            mode = [ToolbarPart("toolbar.strong", "normal mode")] if vi_navigation_mode() else []
            draft = Submitted(
                self._session.default_buffer.text, self._keys.pasted(self._session.default_buffer)
            )
            usual = (*mode, *_way_into_a_fold(), *self._feeds.toolbar(draft))
            parts = search_words() or [*usual]
        return [*fit(parts, columns, ascii_only=self.options.mark.isascii())]


def _nothing(*_args: object, **_keywords: object) -> None:
    pass


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _way_into_a_fold() -> list[ToolbarPart]:
    folded = MARK.search(get_app().current_buffer.text)
    return [ToolbarPart("toolbar.strong", "Ctrl-O opens the paste")] if folded else []


def _keyboard(tty: Tty) -> Input:
    usual = create_input()
    return Keyboard(sys.stdin, tty) if isinstance(usual, Vt100Input) else usual


def _opens_menu() -> bool:
    document = get_app().current_buffer.document
    return completes_by_itself(document.text, document.cursor_position)
