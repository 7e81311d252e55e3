"""What may stand within a row."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.terminal.markdown.wrap import clean


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_no_control_survives(text: str) -> None:
    assert not any(
        char < " " or "\x7f" <= char <= "\x9f" or char == "\u202e" for char in clean(text)
    )


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_ordinary_text_is_left_alone() -> None:
    for text in ("abc", "河の水", "👩‍💻 é नमस्ते", ""):
        assert clean(text) == text
    assert clean("a\tb") == "a   b"
