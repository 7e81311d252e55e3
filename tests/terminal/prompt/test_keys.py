"""What the keys decide without a terminal."""

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.folds import Folds
from chatrepl.terminal.prompt.keys import KeyState, continues, prompt_keys


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


def test_the_bindings_are_built_without_a_terminal() -> None:
    assert len(prompt_keys(KeyState(multiline=False), Folds(), {}, Tty(-1, -1)).bindings) > 10
