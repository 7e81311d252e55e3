"""A page is whole, shows what was said, and does nothing of what anybody wrote into it."""

from xml.etree.ElementTree import Element

import pytest
from html5lib import HTMLParser
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    block_from_wire,
)
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.sheet import Sheet
from chatrepl.core.talk.usage import Usage
from chatrepl.terminal.page.document import to_html
from tests.storage.strategies import histories
from tests.terminal.stream.texts import FRAGMENTS

HOSTILE = '<script>alert(1)</script> & "quotes" </pre> <img src=x onerror=y>'
ODD = [
    HOSTILE,
    "</style><script>", "--><!--", "<svg/onload=x>", "&#60;b&#62;", "<a href=javascript:x>",
    "[a](javascript:alert(1))", "[a](JaVaScript:x)", "[a](data:text/html,x)", "[a](vbscript:x)",
    "![a](http://x/y.png)", "![a](javascript:x)", "<javascript:alert(1)>",
    '<https://a.example/\'">', '[a](https://x/"onclick=y)', "[a](//x)", "[a](file:///etc/passwd)",
    "[![a](http://b)](http://c)", "[a [^1] b](http://c)", "[^1]", "[^1]: x\n", '[^a"b]: y\n',
    '[^a"b]', "[x]: javascript:y\n", "[x]", "<b>", "</b>", "<br>", "<sub>1</sub>",
    '```"><script>\n', "```", "~~~js\n", "> [!NOTE]\n", "| a | b |\n", "|---|:-:|\n", "$$\n",
    "- [x] a\n", "12. a\n", "\x1b[31m", "\u202e", "\U000e0041", "\x00", "\ud800", "\n", "\n\n",
]  # fmt: skip
texts = st.lists(st.sampled_from([*ODD, *FRAGMENTS]) | st.text(max_size=5), max_size=8).map("".join)
TAGS = frozenset(
    "html head meta title style body header main section h1 h2 h3 h4 h5 h6 p a br hr code pre kbd"
    " mark strong em del sub sup ul ol li blockquote div span table thead tbody tr th td img"
    " details summary".split()
)
ATTRIBUTES = frozenset(
    "href src alt class id rel start lang charset name content http-equiv".split()
)


def elements(page: str) -> list[Element]:
    """Read a page as a browser does; any mistake in it is an error."""
    parser = HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(page)
    return [one for one in root.iter() if isinstance(one.tag, str)]


def words_of(one: Element) -> str:
    return "".join(one.itertext())


def body_of(page: str) -> str:
    return next(words_of(one) for one in elements(page) if one.tag == "body")


def turn_of(*messages: Message, receipt: Receipt | None = None) -> Turn:
    return Turn(TurnId("t"), None, messages, receipt)


def said(*blocks: Block) -> Sheet:
    return Sheet((turn_of(Message("assistant", blocks, "opus")),))


def asked(*blocks: Block) -> Sheet:
    return Sheet((turn_of(Message("user", blocks)),))


def written(text: str) -> str:
    """Give the inside of the only reply."""
    page = to_html(said(TextBlock(text)))
    return page.partition('<div class="text">')[2].rpartition("</div>\n</section>")[0]


def check(page: str) -> None:
    """Hold a page against all that it must never be."""
    ids, goals = list[str](), list[str]()
    for one in elements(page):
        assert one.tag in TAGS, one.tag
        assert set(one.attrib) <= ATTRIBUTES, one.attrib
        for name, value in one.attrib.items():
            match name:
                case "href" if value.startswith("#"):
                    goals.append(value[1:])
                case "href":
                    assert value.lower().startswith(("http://", "https://", "mailto:")), value
                case "src":
                    assert value.startswith("data:image/")
                case "id":
                    ids.append(value)
                case _:
                    pass
    assert len(ids) == len(set(ids))
    assert set(goals) <= set(ids)
    assert not set(page) & {*map(chr, (*range(9), *range(11, 32), *range(127, 160))), "\u202e"}


@settings(deadline=None)
@given(texts, texts, texts)
def test_no_tag_attribute_or_address_comes_from_a_text(one: str, two: str, three: str) -> None:
    call = block_from_wire({"type": "x_tool_use", "id": "1", "name": two, "input": {"a": three}})
    cited = {"url": three, "title": one}
    replied = (
        ThinkingBlock(two, "s"),
        TextBlock(one),
        call,
        TextBlock(two, (cited,)),
        TextBlock(three),
    )
    question = (DocumentBlock.plain("x", two), ImageBlock.url(three), TextBlock(one))
    messages = Message("user", question), Message("assistant", replied, three)
    receipt = Receipt(one, "stop_sequence", usage=Usage(1, 1), stop_sequence=two)
    check(to_html(Sheet((turn_of(*messages, receipt=receipt),) * 2, one, two, about=three)))


@settings(max_examples=40, deadline=None)
@given(histories(4))
def test_any_conversation_becomes_such_a_page(history: list[Conversation]) -> None:
    check(to_html(Sheet(tuple(history[-1].turns.values()), "x")))


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_what_was_typed_stands_there_as_it_was_typed(text: str) -> None:
    page = to_html(asked(TextBlock(f"a{text}b")))
    (typed,) = [one for one in elements(page) if one.get("class") == "typed"]
    shown = words_of(typed)
    assert shown == f"a{text}b" or "<U+" in shown or "�" in shown


def test_hostile_text_is_text() -> None:
    turn = turn_of(
        Message("user", (TextBlock(HOSTILE),)), Message("assistant", (TextBlock(HOSTILE),))
    )
    page = to_html(Sheet((turn,), HOSTILE, HOSTILE))
    assert sum(one.text == HOSTILE for one in elements(page) if one.tag in {"title", "h1"}) == 2
    assert body_of(page).count(HOSTILE) == 4


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "a *b* **c** ~~d~~ `e<`",
            "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e&lt;</code></p>",
        ),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("a<br>\nb", "<p>a<br>\nb</p>"),
        ("# A\n\nB\n===", "<h3>A</h3>\n<h3>B</h3>"),
        ("###### A", "<h6>A</h6>"),
        ("---", "<hr>"),
        ("1. a\n2. b", '<ol start="1">\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ol>'),
        ("7) a", '<ol start="7">\n<li><p>a</p>\n</li>\n</ol>'),
        ("- a\n  - b", "<ul>\n<li><p>a</p>\n<ul>\n<li><p>b</p>\n</li>\n</ul>\n</li>\n</ul>"),
        ("- [x] a", '<ul>\n<li class="task"><span>☑</span> <p>a</p>\n</li>\n</ul>'),
        ("- ", "<ul>\n<li></li>\n</ul>"),
        ("> a\n>\n> b", "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>"),
        (
            "> [!TIP]\n> a",
            '<blockquote class="alert tip">\n<p class="name">Tip</p>\n<p>a</p>\n</blockquote>',
        ),
        (
            "| a | b |\n|---|--:|\n| `c` | d |",
            (
                '<div class="wide"><table>\n<thead><tr><th>a</th>'
                '<th class="right">b</th></tr>\n</thead>\n'
                '<tr><td><code>c</code></td><td class="right">d</td></tr>\n</table></div>'
            ),
        ),
        ("```\na\n\n b<\n```", '<div class="code"><pre><code>a\n\n b&lt;</code></pre></div>'),
        ("$$\na_1\n$$", '<pre class="math">$$\na_1\n$$</pre>'),
        ("so $a_1*b*$", '<p>so <code class="math">$a_1*b*$</code></p>'),
        ("<div>\n*a*\n</div>", '<pre class="raw">&lt;div&gt;\n*a*\n&lt;/div&gt;</pre>'),
        ("<b>a</b> <i>b <u>c", "<p><strong>a</strong> &lt;i&gt;b &lt;u&gt;c</p>"),
        ("H<sub>2</sub>O <blink>x</blink>", "<p>H<sub>2</sub>O &lt;blink&gt;x&lt;/blink&gt;</p>"),
        (
            "[a](https://b.example/?c=1&d)",
            '<p><a href="https://b.example/?c=1&amp;d" rel="noreferrer noopener">a</a></p>',
        ),
        (
            "<https://b.example>",
            '<p><a class="bare" href="https://b.example" rel="noreferrer noopener">https://b.example</a></p>',
        ),
        (
            "<me@b.example>",
            '<p><a href="mailto:me@b.example" rel="noreferrer noopener">me@b.example</a></p>',
        ),
        ("[a](ftp://b) [c](/d)", "<p>a (ftp://b) c (/d)</p>"),
        (
            "![a](https://b/c.png)",
            '<p>image: <a href="https://b/c.png" rel="noreferrer noopener">a</a></p>',
        ),
        (
            "[a]\n\n[a]: https://b 'T'",
            (
                '<p><a href="https://b" rel="noreferrer noopener">a</a></p>\n<p class="given">[a] '
                '<a class="bare" href="https://b" rel="noreferrer noopener">https://b</a> T</p>'
            ),
        ),
        (
            "a[^1] b[^2]\n\n[^1]: c",
            (
                '<p>a<sup><a href="#note-1">[1]</a></sup> b<sup>[2]</sup></p>\n'
                '<div class="source" id="note-1"><span class="mark">[1]</span> <p>c</p>\n</div>'
            ),
        ),
    ],
)
def test_markdown_becomes_what_it_means(markdown: str, html: str) -> None:
    assert written(markdown) == f"{html}\n"


@given(st.integers(200, 900), st.sampled_from(["a *b* ", "`x` ", "wörd, "]))
def test_a_long_paragraph_stays_one(count: int, word: str) -> None:
    html = written(word * count)
    assert html.count("<p>") == 1
    assert html.count("<em>") == count * ("*" in word)


def test_a_long_row_of_code_stays_one() -> None:
    row = "x = " + "1 + " * 2_000
    page = to_html(said(TextBlock(f"```py\n{row}\n```")))
    (code,) = [one for one in elements(page) if one.tag == "code"]
    assert words_of(code) == row


def test_code_is_coloured_in_the_reply_and_in_what_was_typed() -> None:
    code = '```py\ndef f():\n    """a\n    b"""\n    return 1  # c\n```'
    for page in (to_html(said(TextBlock(code))), to_html(asked(TextBlock(f"see\n{code}\nso")))):
        (block,) = [one for one in elements(page) if one.get("class") == "code"]
        assert words_of(block) == "python" + code.removeprefix("```py\n").removesuffix("\n```")
        kinds = {one.text: one.get("class") for one in block.iter("span")}
        assert kinds["def"] == kinds["return"] == "k-k"
        for name in ("k", "c1", "s2"):
            assert page.count(f".k-{name},") + page.count(f".k-{name}{{") == 2, "light and dark"


@pytest.mark.parametrize(
    "left_open", ["```py\nx = 1", "~~~~\n```\n", "- a\n\n  ```\n  x", "<!-- a", "$$\na"]
)
def test_what_is_left_open_swallows_nothing_of_what_follows(left_open: str) -> None:
    call = block_from_wire({"type": "x_tool_use", "id": "t", "name": "odd"})
    page = to_html(said(TextBlock(left_open), call, TextBlock("\n\n*so*")))
    (note,) = [one for one in elements(page) if one.get("class") == "note"]
    assert note.text == "odd"
    assert page.count("<section") == 1


def test_thinking_and_tools_are_folded_and_their_texts_are_there() -> None:
    call = block_from_wire({
        "type": "server_tool_use", "id": "c", "name": "code_execution",
        "input": {"code": "a = 1\nb<2"},
    })  # fmt: skip
    thoughts = ThinkingBlock("hm\n*so*", "s"), RedactedThinkingBlock("x")
    page = to_html(said(*thoughts, call, TextBlock("Done.")))
    folded = [(one[0].text, words_of(one[1])) for one in elements(page) if one.tag == "details"]
    assert folded == [("Thinking", "hm\n*so*"), ("running: a = 1", "running: a = 1\n  b<2")]
    (note,) = [one.text for one in elements(page) if one.get("class") == "note"]
    assert note == "thought; the service does not show what"


def test_sources_are_numbered_once_and_led_to() -> None:
    cited = {"url": "https://a.example/", "title": "A <b>"}
    pages = {"document_title": "r.pdf", "start_page_number": 2, "end_page_number": 4}
    first = Message("assistant", (TextBlock("One", (cited,)), TextBlock(" two", (pages,))))
    again = Message("assistant", (TextBlock("Again", (cited,)),))
    sheet = Sheet((turn_of(first), turn_of(again)))
    page = to_html(sheet)
    sources = [words_of(one) for one in elements(page) if one.get("class") == "source"]
    assert [" ".join(source.split()) for source in sources] == [
        "[1] A <b> https://a.example/", "[2] r.pdf, pages 2-3",
    ]  # fmt: skip
    assert [one.get("href") for one in elements(page) if one.tag == "a"] == [
        "#note-1", "#note-2", "https://a.example/", "#note-1",
    ]  # fmt: skip
    plain = to_html(Sheet(sheet.turns, cite=False))
    assert "note-1" not in plain


def test_a_picture_is_in_the_page_and_other_files_are_named() -> None:
    blocks = (
        ImageBlock.base64("image/png", "AA\nAA"),
        ImageBlock.url("https://example.com/x.png"),
        DocumentBlock.plain("text", "no\ntes.txt"),
        DocumentBlock.base64_pdf("AAAA", "r.pdf"),
    )
    page = to_html(asked(*blocks))
    assert [one.get("src") for one in elements(page) if one.tag == "img"] == [
        "data:image/png;base64,AAAA"
    ]
    assert [words_of(one) for one in elements(page) if one.get("class") == "file"] == [
        "▣ https://example.com/x.png · image", "▣ no tes.txt · text", "▣ r.pdf · PDF",
    ]  # fmt: skip


@pytest.mark.parametrize("source", [
    {"media_type": ["image/png"], "data": "AAAA"}, {"media_type": {}, "data": "AAAA"},
    {"media_type": 5, "data": "AAAA"}, {"data": "AAAA"}, {"media_type": "image/tiff", "data": "AA"},
    {"media_type": "image/png", "data": 'AA"><script>'}, {"media_type": "image/png", "data": 5},
])  # fmt: skip
def test_an_image_that_no_page_can_show_is_named(source: dict[str, object]) -> None:
    page = to_html(asked(ImageBlock({"type": "base64", **source})))
    check(page)
    assert "img" not in {one.tag for one in elements(page)}
    assert "▣ image" in body_of(page)


def test_below_a_reply_stands_what_it_took_and_how_it_ended() -> None:
    receipt = Receipt("m", None, usage=Usage(1200, 345), cost_usd=0.0031, duration_s=2.4)
    reply = Message("assistant", (TextBlock("x"),), "claude-x")
    page = to_html(Sheet((turn_of(reply, receipt=receipt),), "T", about="2026-01-02 · branch b"))
    body = body_of(page)
    for words in (
        "T",
        "2026-01-02 · branch b",
        "claude-x",
        "1.2k in",
        "2.4 s",
        "The reply was cut here.",
    ):
        assert words in body
    assert "cut" not in body_of(to_html(said(TextBlock("x"))))


def test_instructions_of_ours_are_not_in_the_page() -> None:
    user = Message("user", (TextBlock("why?"), TextBlock("Begin with {")))
    body = body_of(to_html(Sheet((Turn(TurnId("t"), None, (user,), ours=1),))))
    assert "why?" in body
    assert "Begin" not in body


def test_the_page_is_light_or_dark_printable_and_may_load_nothing() -> None:
    page = to_html(asked(TextBlock("a")))
    for words in ("prefers-color-scheme: dark", "@media print", "width=device-width"):
        assert words in page
    (policy,) = [one.get("content") for one in elements(page) if one.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert "url(" not in page
    assert "@import" not in page
