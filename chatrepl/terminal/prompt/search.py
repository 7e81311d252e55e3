"""Ctrl-R at the prompt: what is found stands alone, and the draft comes back unless it is taken."""

from typing import Final

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import emacs_mode, is_searching, vi_insert_mode
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.controls import BufferControl, SearchBufferControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.search import SearchDirection, SearchState, start_search, stop_search

from chatrepl.terminal.prompt.values import ToolbarPart

_DIRECTIONS: Final = {"c-r": SearchDirection.BACKWARD, "c-s": SearchDirection.FORWARD}


def bind_search(keys: KeyBindings) -> None:
    """Let a search begin, and end without a trace."""
    drafts: list[Document] = []  # the one that comes back

    def bind_start(key: str, direction: SearchDirection) -> None:
        @keys.add(key, filter=~is_searching & (emacs_mode | vi_insert_mode))
        def _(event: KeyPressEvent) -> None:
            drafts[:] = [event.current_buffer.document]
            start_search(direction=direction)

    for key, direction in _DIRECTIONS.items():
        bind_start(key, direction)

    @keys.add("escape", filter=is_searching, eager=True)
    @keys.add("c-g", filter=is_searching)
    @keys.add("c-c", filter=is_searching)
    def _(event: KeyPressEvent) -> None:
        stop_search()
        if drafts:
            _bring_back(event.current_buffer, drafts.pop())
            event.app.vi_state.input_mode = InputMode.INSERT


def _bring_back(buffer: Buffer, draft: Document) -> None:
    if buffer.document != draft:  # a second Ctrl-R goes there in earnest
        buffer.reset(draft)


def name_search(layout: Layout) -> None:
    """Call a search a search, whichever way it goes: the keys tell that."""
    for control in layout.find_all_controls():
        if isinstance(control, SearchBufferControl):
            control.input_processors = [BeforeInput("Search: ", "class:search-toolbar.prompt")]


def search_words() -> list[ToolbarPart]:
    """Tell what the keys do while a search goes on, or that it fails; nothing where there is none.

    What is shown is then no match, but the draft.
    """
    layout = get_app().layout
    searched, query = layout.search_target_buffer_control, layout.current_control
    if searched is None or not isinstance(query, BufferControl):
        return []
    text = query.buffer.text
    state = SearchState(text, searched.search_state.direction, ignore_case=True)
    match = searched.buffer.document_for_search(state).text
    if text.casefold() not in match.casefold():
        return [
            ToolbarPart("toolbar.warning", "not found"),
            ToolbarPart("toolbar", "Esc goes back"),
        ]
    words = ("Enter takes it", "Ctrl-R finds an earlier one", "Esc goes back")
    return [ToolbarPart("toolbar", part, rank) for rank, part in enumerate(words)]
