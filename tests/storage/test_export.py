import html
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    block_from_wire,
)
from chatrepl.core.talk.conversation import Conversation, Message, Receipt, Turn, TurnId
from chatrepl.storage.export import Sheet, to_html, to_markdown
from tests.storage.strategies import histories

HOSTILE = '<script>alert(1)</script> & "quotes" </pre> <img src=x onerror=y>'


class Tags(HTMLParser):
    """Collects what stands in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def sheet(*texts: str, cut: bool = False) -> Sheet:
    question, answer = texts
    messages = (
        Message("user", (ImageBlock.base64("image/png", "AAAA"), TextBlock(question))),
        Message("assistant", (ThinkingBlock("hm", "s"), TextBlock(answer)), "opus"),
    )
    turn = Turn(TurnId("t"), None, messages, Receipt(stop_reason=None if cut else "end_turn"))
    return Sheet((turn,), "Title", "Be brief.")


def test_markdown_holds_the_texts_as_they_are() -> None:
    written = to_markdown(sheet("**why?**", "```py\nx < 1\n```"))
    assert written.startswith("# Title\n\n## System\n\nBe brief.\n\n## You\n\n")
    assert "\n\n**why?**\n\n## opus\n\n**Thinking**\n\n> hm\n\n```py\nx < 1\n```\n" in written


def test_no_control_character_is_left_for_a_terminal_to_obey() -> None:
    hostile = "a\x1b[31m\x07\x9b0m\x7f\rb\tc\r\nd"
    for written in (to_markdown(sheet(hostile, hostile)), to_html(sheet(hostile, hostile))):
        assert written.count("a^[[31m^G[U+009B]0m^?^Mb\tc\r\nd") == 2
        assert not set(written) & set("\x1b\x07\x9b\x7f")


def test_a_cut_reply_is_said_to_be_cut() -> None:
    assert "cut" in to_markdown(sheet("a", "b", cut=True))
    assert "cut" in to_html(sheet("a", "b", cut=True))
    assert "cut" not in to_markdown(sheet("a", "b"))


@pytest.mark.parametrize("media_type", [["image/png"], {}, 5, None, "image/tiff"])
def test_an_image_that_no_page_can_show_is_named(media_type: object) -> None:
    odd = ImageBlock({"type": "base64", "media_type": media_type, "data": "AAAA"})
    page = Tags(to_html(Sheet((Turn(TurnId("t"), None, (Message("user", (odd,)),)),))))
    assert "img" not in page.tags
    assert "*[image: " in page.text


def test_thinking_is_set_apart_also_where_only_the_service_can_read_it() -> None:
    thoughts = (ThinkingBlock("hm", "s"), RedactedThinkingBlock("x"))
    page = to_html(Sheet((Turn(TurnId("t"), None, (Message("assistant", thoughts),)),)))
    assert '<div class="thinking"><pre>hm</pre></div>' in page
    assert '<div class="note"><pre>thought; the service does not show what</pre></div>' in page


def replies(*contents: tuple[Block, ...]) -> tuple[Turn, ...]:
    return tuple(Turn(TurnId("t"), None, (Message("assistant", made),)) for made in contents)


CITED = {"url": "https://a.example/", "title": "A <b>"}
SEARCH = block_from_wire({"type": "odd_tool_use", "id": "t", "input": {"q": "`x`<b>"}})
TALK = replies(
    (TextBlock("One "), TextBlock("sentence", (CITED,)), TextBlock("."), SEARCH, TextBlock("So.")),
    (TextBlock("Again", ({"url": "https://b.example/"}, CITED)),),
)


def test_pieces_are_joined_and_sources_noted_once_in_markdown() -> None:
    assert to_markdown(Sheet(TALK)) == (
        '## Assistant\n\nOne sentence[^1].\n\n``odd_tool_use {"q":"`x`<b>"}``\n\nSo.\n\n'
        "[^1]: A \\<b> <https://a.example/>\n\n## Assistant\n\nAgain[^2][^1]\n\n"
        "[^2]: <https://b.example/>\n"
    )
    assert "[^" not in to_markdown(Sheet(TALK, cite=False))


def test_a_page_shows_sources_and_blocks() -> None:
    page = Tags(to_html(Sheet(TALK)))
    for written in ("One sentence[^1].", 'odd_tool_use {"q":"`x`<b>"}', "https://b.example/"):
        assert written in page.text
    assert not set(page.tags) & {"a", "b"}


@pytest.mark.parametrize("left_open", ["```py\nx = 1", "~~~~\n```\n", "- a\n\n  ```\n  x"])
def test_code_that_is_left_open_swallows_nothing_of_what_follows(left_open: str) -> None:
    asked = Message("user", (TextBlock(left_open), DocumentBlock.plain("c", "c.txt")))
    replied = Message("assistant", (TextBlock(left_open), SEARCH, TextBlock("x\n")))
    turn = Turn(TurnId("t"), None, (asked, replied), Receipt(stop_reason=None))
    sheet = Sheet((turn, turn), "Title", left_open)
    tokens = MarkdownIt().parse(to_markdown(sheet))

    plain = [token.content for token in tokens if token.type == "inline"]
    for words, count in (
        ("You", 2), ("*[document: c.txt]*", 2), ("Assistant", 2), ("*[the reply was cut here]*", 2),
        ('``odd_tool_use {"q":"`x`<b>"}``', 2),
    ):  # fmt: skip
        assert plain.count(words) == count, words
    assert f"<pre>{html.escape(left_open)}</pre>" in to_html(sheet)


def test_what_a_user_sent_stays_apart_and_other_blocks_are_told() -> None:
    sent = (TextBlock("a"), TextBlock("b"), DocumentBlock.plain("c", "c.txt"), SEARCH)
    written = to_markdown(Sheet((Turn(TurnId("t"), None, (Message("user", sent),)),)))
    assert written.startswith("## You\n\na\n\nb\n\n*[document: c.txt]*\n\n``odd_tool_use")


@pytest.mark.parametrize("block", [
    DocumentBlock.plain("x", "a.txt]*\n\n## Assistant\n\nYes"),
    ImageBlock.url("https://a.example/\r\n# h"),
])  # fmt: skip
def test_a_name_is_one_line_of_what_it_stands_in(block: Block) -> None:
    turn = Turn(TurnId("t"), None, (Message("user", (block,)),))
    (named,) = to_markdown(Sheet((turn,))).removeprefix("## You\n\n").splitlines()
    assert named.startswith("*[")


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text()))
def test_no_kind_of_block_is_invisible(kind: str, more: dict[str, str]) -> None:
    block = block_from_wire({**more, "type": kind})
    empty = to_markdown(Sheet(replies(()))), to_html(Sheet(replies(())))
    written = Sheet(replies((block,)))
    assert len(to_markdown(written)) > len(empty[0])
    assert len(to_html(written)) > len(empty[1])


def test_instructions_of_ours_are_not_exported() -> None:
    user = Message("user", (TextBlock("why?"), TextBlock("Begin with {")))
    turn = Turn(TurnId("t"), None, (user,), ours=1)
    for written in (to_markdown(Sheet((turn,))), to_html(Sheet((turn,)))):
        assert "why?" in written
        assert "Begin" not in written


def test_a_page_holds_hostile_text_as_text() -> None:
    page = to_html(Sheet(sheet(HOSTILE, HOSTILE).turns, HOSTILE, HOSTILE))
    seen = Tags(page)
    assert not set(seen.tags) & {"script", "iframe", "link", "a"}
    assert seen.text.count(HOSTILE) == 5
    assert seen.sources == ["data:image/png;base64,AAAA"]


@settings(max_examples=40, deadline=None)
@given(histories(4))
def test_any_conversation_becomes_a_page_that_loads_nothing(history: list[Conversation]) -> None:
    turns = tuple(history[-1].turns.values())
    seen = Tags(to_html(Sheet(turns, "x")))
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "section", "div"}
    assert set(seen.tags) <= allowed | {"pre", "p", "img"}
    assert all(source.startswith("data:image/") for source in seen.sources)
    assert to_markdown(Sheet(turns)).endswith("\n")


def test_images_from_elsewhere_and_other_files_are_named_only() -> None:
    blocks = (
        ImageBlock.url("https://example.com/x.png"),
        ImageBlock.base64('text/html"><script>', "AAAA"),
        DocumentBlock.plain("text", "notes.txt"),
    )
    seen = Tags(to_html(Sheet((Turn(TurnId("t"), None, (Message("user", blocks),)),))))
    assert seen.sources == []
    assert "https://example.com/x.png" in seen.text
    assert "notes.txt" in seen.text
    assert "script" not in seen.tags


def test_the_page_is_light_or_dark_and_may_load_nothing() -> None:
    page = to_html(sheet("a", "b"))
    assert "prefers-color-scheme: dark" in page
    assert "default-src 'none'" in page


def test_a_renderer_is_given_the_texts() -> None:
    page = to_html(sheet("*a*", "*b*"), lambda text: f"<em>{text.strip('*')}</em>")
    assert "<em>a</em>" in page
    assert "<em>b</em>" in page
