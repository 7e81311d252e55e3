"""The keys of the prompt, beyond what prompt_toolkit's emacs and vi modes bring."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    emacs_mode,
    has_completions,
    is_searching,
    vi_insert_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from chatrepl.terminal.editor import Edited, edit
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.folds import LONGEST_OPEN, MARK, Folds, nearest
from chatrepl.terminal.prompt.keyboard_input import Paste
from chatrepl.terminal.prompt.search import bind_search
from chatrepl.terminal.prompt.values import Closed, Interrupted, whole_characters

LEAVE_HINT = "Ctrl-C again leaves"


@dataclass(slots=True)
class KeyState:
    """What the keys remember between two presses."""

    multiline: bool
    hint: str = ""  # shown in the toolbar until the next key
    last_hint: str = ""
    cleared: Callable[[], str] = lambda: ""
    card: Callable[[], str] = lambda: ""
    pastes: list[str] = field(default_factory=list)  # the lines that may mention a file
    recalled: list[str] = field(default_factory=list)  # the same, of earlier programs
    _earlier: int = 0  # of the pastes, from other drafts
    _comes_back: bool = False

    def next_key(self, _sender: object) -> None:
        """Take note that a key comes; to be called before each."""
        self.last_hint, self.hint = self.hint, ""

    @property
    def card_stood(self) -> bool:
        """Whether the key that is being handled takes the card of keys away."""
        return "\n" in self.last_hint

    def begin(self, *, comes_back: bool) -> None:
        """Take note of a new draft; one that comes back may hold whatever was pasted before."""
        self._comes_back, self._earlier = comes_back, len(self.pastes)

    def pasted(self, buffer: Buffer) -> tuple[str, ...]:
        """Give the lines that may be in the draft from a paste; one from the history is older."""
        is_recalled = buffer.working_index < len(buffer._working_lines) - 1  # noqa: SLF001
        if is_recalled or self._comes_back:
            return (*self.recalled, *self.pastes)
        return tuple(self.pastes[self._earlier :])


def prompt_keys(state: KeyState, folds: Folds, environ: Mapping[str, str], tty: Tty) -> KeyBindings:
    """Give all bindings of the prompt."""
    keys = KeyBindings()
    _bind_enter(keys, state)
    _bind_leaving(keys, state)
    _bind_card(keys, state)
    _bind_paste(keys, state, folds, tty)
    bind_search(keys)
    _bind_unfolding(keys, state, folds)
    _bind_editor(keys, state, folds, environ, tty)
    _bind_suspension(keys, tty)
    return keys


def _bind_enter(keys: KeyBindings, state: KeyState) -> None:
    typing = ~is_searching

    @keys.add("enter", filter=typing & ~completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if not continues(buffer):
            _newline(event) if state.multiline else buffer.validate_and_handle()

    @keys.add("enter", filter=typing & completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("escape", filter=typing & has_completions & emacs_mode)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()  # the menu is gone, the line as it was typed

    @keys.add("escape", "enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle() if state.multiline else _newline(event)

    @keys.add("c-j", filter=typing)
    def _(event: KeyPressEvent) -> None:
        _newline(event)


def _newline(event: KeyPressEvent) -> None:
    event.current_buffer.insert_text("\n")


def continues(buffer: Buffer) -> bool:
    """Turn a backslash at the end of the line into a newline, if there is one."""
    before = buffer.document.text_before_cursor
    slashes = len(before) - len(before.rstrip("\\"))
    if slashes % 2 == 0 or buffer.document.current_line_after_cursor:
        return False
    buffer.delete_before_cursor(1)
    buffer.insert_text("\n")
    return True


def _bind_leaving(keys: KeyBindings, state: KeyState) -> None:
    @keys.add("c-c", filter=~is_searching)
    @keys.add(Keys.SIGINT)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text:
            buffer.history.append_string(buffer.text)
            buffer.reset()
            state.begin(comes_back=False)
            event.app.vi_state.reset()  # a new line begins in insert mode
            state.hint = state.cleared()
        elif left := state.cleared():
            state.hint = left
        elif state.last_hint == LEAVE_HINT:
            event.app.exit(result=Interrupted(), style="class:hint")
        else:
            state.hint = LEAVE_HINT

    @keys.add("c-d", filter=~is_searching & Condition(lambda: not get_app().current_buffer.text))
    def _(event: KeyPressEvent) -> None:
        event.app.exit(result=Closed(), style="class:hint")


def _bind_card(keys: KeyBindings, state: KeyState) -> None:
    """Show what the keys do on a `?` in an empty line; the next key takes that away again."""
    is_empty = Condition(lambda: not get_app().current_buffer.text)
    stood = Condition(lambda: state.card_stood)

    @keys.add("?", filter=is_empty & ~stood & ~is_searching & (emacs_mode | vi_insert_mode))
    def _(event: KeyPressEvent) -> None:
        behind = event.app.key_processor.input_queue  # what came in the same breath was meant
        if behind and behind[0].key == "?":
            behind.popleft()
        card = "" if behind else state.card()
        if card:
            state.hint = card
        else:
            event.current_buffer.insert_text("?")

    @keys.add("enter", filter=is_empty & stood)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("?")
        event.current_buffer.validate_and_handle()  # it stays on the screen

    # Alone it is no beginning of Alt-X: what is typed after it is a new line at once.
    alone = Condition(lambda: not get_app().key_processor.input_queue)
    idle = emacs_mode & ~is_searching & ~has_completions

    @keys.add("escape", filter=is_empty & alone & (stood | idle), eager=True)
    @keys.add("escape", filter=is_empty & stood)
    @keys.add("backspace", filter=is_empty & stood)
    @keys.add("c-c", filter=is_empty & stood)
    def _(_event: KeyPressEvent) -> None:
        pass


def _bind_paste(keys: KeyBindings, state: KeyState, folds: Folds, tty: Tty) -> None:
    @keys.add(Keys.BracketedPaste, filter=is_searching)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(event.data)

    @keys.add(Keys.BracketedPaste, filter=~is_searching)
    def _(event: KeyPressEvent) -> None:
        buffer, paste = event.current_buffer, event.key_sequence[-1]
        state.pastes += [line for line in event.data.splitlines() if "@" in line]
        before = buffer.document.char_before_cursor
        if isinstance(paste, Paste) and paste.goes_on and folds.label(before):
            folds.extend(before, paste.data)
        else:
            buffer.insert_text(folds.fold(event.data))
        tty.typing.was_busy()  # what is long takes a moment


def _bind_unfolding(keys: KeyBindings, state: KeyState, folds: Folds) -> None:
    has_fold = Condition(lambda: bool(MARK.search(get_app().current_buffer.text)))

    @keys.add("c-o", filter=has_fold & ~is_searching)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        place = nearest(buffer.text, buffer.cursor_position)
        if place is None:
            return
        text = folds.whole(buffer.text[place])
        if len(text) > LONGEST_OPEN:
            state.hint = "too long to open here: Ctrl-X Ctrl-E opens it in your editor"
            return
        opened = buffer.text[:place] + text + buffer.text[place + 1 :]
        buffer.document = Document(opened, place + len(text))


def _bind_suspension(keys: KeyBindings, tty: Tty) -> None:
    def suspend() -> None:
        with tty.usual():
            os.kill(0, signal.SIGTSTP)

    @keys.add("c-z")
    def _(_event: KeyPressEvent) -> None:
        run_in_terminal(suspend)


def _bind_editor(
    keys: KeyBindings, state: KeyState, folds: Folds, environ: Mapping[str, str], tty: Tty
) -> None:
    @keys.add("c-x", "c-e", filter=~is_searching)
    async def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer

        def let_edit() -> Edited:
            with tty.usual():
                return edit(folds.whole(buffer.text), environ)

        edited = await run_in_terminal(let_edit)  # in this thread: a signal ends the editor, too
        state.hint = edited.fault
        buffer.text = folds.fold_again(whole_characters(edited.text))
        buffer.cursor_position = len(buffer.text)
