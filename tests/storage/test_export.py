from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from chatrepl.core.talk.blocks import (
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
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
    assert '<div class="thinking"><pre>&gt; *[redacted thinking]*</pre></div>' in page


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
