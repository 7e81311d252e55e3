"""The notes of a reply's sources, rendered."""

from hypothesis import example, given
from hypothesis import strategies as st

from chatrepl.core.talk.sources import Sources
from chatrepl.terminal.markdown.document import render
from tests.terminal.markdown.rows import texts

PARTS = st.sampled_from([
    "a", "B2", " ", "*", "_", "`", "[", "]", "(x)", "<b>", "<", ">", "&amp;", "&", "~~", "|", "#",
    "-", "1.", "12)", "+", "$x$", "^", "\\", "!", ":", "=", "https://x.y", '"', "'",
])  # fmt: skip


@given(st.lists(PARTS, min_size=1, max_size=8).map("".join))
@example("A *title* [with] `marks`\n# and lines")
@example("Claude Shannon (1916-2001) - Wikipedia")
def test_titles_are_shown_as_they_are(title: str) -> None:
    name = " ".join(title.split())
    sources = Sources()
    sources.marks([{"url": "https://a.example/x_y", "title": title}])
    sources.marks([{"url": "javascript:alert(1)"}])

    rows = texts(render(f"Said so[^1].\n\n{sources.notes()}", 200))
    assert rows == [
        "Said so[1].",
        "",
        f"[1] {name} https://a.example/x_y".replace("  ", " "),
        "[2] javascript:alert(1)",
    ]


def test_common_titles_need_no_marks() -> None:
    sources = Sources()
    sources.marks([{"url": "https://a", "title": "AT&T: Shannon, C. E. (1916-2001) - Wikipedia"}])

    assert sources.notes() == "[^1]: AT&T: Shannon, C. E. (1916-2001) - Wikipedia <https://a>\n"
