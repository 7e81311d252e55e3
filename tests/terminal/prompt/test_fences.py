"""Markdown while it is typed."""

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from chatrepl.terminal.prompt.picture import FenceLexer


@given(st.text("`~/ab \n", max_size=60))
def test_styling_never_changes_the_text(text: str) -> None:
    document = Document(text)
    styled = FenceLexer().lex_document(document)
    for number, line in enumerate(document.lines):
        assert "".join(part[1] for part in styled(number)) == line
    assert styled(len(document.lines)) == [("", "")]


def test_commands_and_inline_code_are_styled() -> None:
    assert FenceLexer().lex_document(Document("/model x"))(0)[0] == ("class:command", "/model")
    assert FenceLexer().lex_document(Document("//model"))(0) == [("", "//model")]
    assert FenceLexer().lex_document(Document("a `b` c"))(0)[1] == ("class:code", "`b`")
