"""Sources as footnotes."""

from chatrepl.terminal.markdown.document import render
from chatrepl.terminal.markdown.footnotes import Citations
from tests.terminal.markdown.rows import texts


def test_each_address_has_one_number() -> None:
    sources = Citations()
    marks = [sources.mark(f"https://{name}.example", name) for name in "aba"]
    assert marks == ["[^1]", "[^2]", "[^1]"]
    assert sources.notes().count("[^") == 2


def test_without_sources_there_are_no_notes() -> None:
    assert Citations().notes() == ""


def test_titles_and_addresses_are_shown_as_they_are() -> None:
    sources = Citations()
    text = "Said so" + sources.mark(
        "https://a.example/x_y", "A *title* [with] `marks`\n# and lines"
    )
    sources.mark("javascript:alert(1)", "")
    rows = texts(render(text + sources.notes(), 80))
    assert rows == [
        "Said so[1]",
        "",
        "[1] A *title* [with] `marks` # and lines https://a.example/x_y",
        "[2] javascript:alert(1)",
    ]
