"""The picture of a line, and the way between both."""

from hypothesis import given
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.processors import Transformation, TransformationInput

from chatrepl.terminal.prompt.folds import Folds
from chatrepl.terminal.prompt.picture import VisibleProcessor, picture
from chatrepl.terminal.sanitize.text import display
from tests.terminal.sanitize.hostile import FORBIDDEN, texts

FOLDS = Folds()


def transformed(*fragments: tuple[str, str]) -> Transformation:
    text = "".join(part for _, part in fragments)
    source = TransformationInput(
        BufferControl(Buffer()), Document(text), 0, lambda i: i, list(fragments), 80, 24
    )
    return VisibleProcessor(FOLDS).apply_transformation(source)


def one_row(text: str) -> str:
    return text.replace("\n", "").replace("\r", "").replace("\u2028", "").replace("\u2029", "")


@given(texts.map(one_row))
def test_the_picture_is_what_the_sanitiser_shows(text: str) -> None:
    shown, offsets = picture(text)
    assert shown == display(text).replace("\t", "    ")
    assert len(offsets) == len(text) + 1
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(shown)


@given(texts.map(one_row), texts.map(one_row))
def test_every_place_is_found_in_the_picture_and_back(one: str, two: str) -> None:
    change = transformed(("class:a", one), ("", two))
    shown = "".join(fragment[1] for fragment in change.fragments)
    assert not FORBIDDEN.search(shown)
    for position in range(len(one + two) + 1):
        there = change.source_to_display(position)
        assert 0 <= there <= len(shown)
        assert change.source_to_display(change.display_to_source(there)) == there


def test_a_plain_line_is_left_alone_and_styles_stay_with_their_text() -> None:
    assert transformed(("class:a", "plain")).fragments == [("class:a", "plain")]
    change = transformed(("class:a", "x\x1b"), ("class:b", "\ty"))
    assert change.fragments == [("class:a", "x^["), ("class:b", "    y")]
    assert [change.source_to_display(n) for n in range(6)] == [0, 1, 3, 7, 8, 9]


def test_a_fold_is_shown_as_words_and_passed_in_one_step() -> None:
    mark = FOLDS.fold("line\n" * 20)
    change = transformed(("", f"a{mark}"), ("class:b", "b\r"))
    assert change.fragments == [("", "a[pasted 20 lines]"), ("class:b", "b")]
    assert [change.source_to_display(n) for n in range(5)] == [0, 1, 18, 19, 19]
