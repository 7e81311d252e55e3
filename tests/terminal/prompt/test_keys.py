"""What the keys decide without a terminal."""

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.keys import KeyState, continues, pasted_text, prompt_keys


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("a\rb", "a\nb"),
        ("a\r\nb\rc", "a\r\nb\rc"),
        ("a\nb", "a\nb"),
        ("", ""),
        ("\t\x1b", "\t\x1b"),
    ],
)
def test_a_paste_is_changed_only_where_the_terminal_changed_it(data: str, text: str) -> None:
    assert pasted_text(data) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("a\\", "", "a\n"), ("a\\\\", "", None), ("a\\\\\\", "", "a\\\\\n"), ("a", "", None),
        ("a\\", " b", None), ("a\\", "\nb", "a\n\nb"), ("", "", None),
    ],
)  # fmt: skip
def test_an_odd_backslash_at_the_lines_end_becomes_a_newline(
    before: str, after: str, text: str | None
) -> None:
    buffer = Buffer(document=Document(before + after, len(before)), multiline=True)
    assert continues(buffer) is (text is not None)
    assert buffer.text == (before + after if text is None else text)


def test_a_hint_lasts_for_one_key() -> None:
    state = KeyState(multiline=False, hint="once")
    state.next_key(None)
    assert (state.hint, state.last_hint) == ("", "once")
    state.next_key(None)
    assert (state.hint, state.last_hint) == ("", "")


def test_keys_after_a_paste_are_counted_only_in_its_batch() -> None:
    state = KeyState(multiline=False)
    state.next_key(None)
    assert state.keys_since_paste is None
    state.keys_since_paste = 0
    state.next_key(None)
    assert state.keys_since_paste == 1


def test_the_bindings_are_built_without_a_terminal() -> None:
    assert len(prompt_keys(KeyState(multiline=False), {}, Tty(-1, -1)).bindings) > 10
