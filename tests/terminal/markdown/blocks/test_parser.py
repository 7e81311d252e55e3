"""The block parser against an independent one, and where our own rules go further."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatrepl.terminal.markdown.blocks import events as says
from chatrepl.terminal.markdown.blocks.lines import Lines
from chatrepl.terminal.markdown.blocks.parser import MOST, PIECE, Blocks
from tests.terminal.stream.texts import FRAGMENTS, corpus

Leaf = tuple[tuple[str, ...], str, str]
OTHER = MarkdownIt("commonmark").enable("table")
KINDS = {"bullet_list": "list", "ordered_list": "list", "list_item": "item", "blockquote": "quote"}
# Footnotes and check boxes are ours alone. Definitions are taken off a paragraph at its end, as in
# the specification's algorithm, and a paragraph in nested quotes keeps a line that is indented by
# four or more, as the specification says: the other parser does neither. Long paragraphs are said
# in pieces, which no heading is made of any more; formulas and alerts are ours alone, too.
OURS = ("[", "- [", "> >", "> [", "$$", "\\[", "\\begin", "    wide")
SHARED = [
    text
    for text in FRAGMENTS
    if not text.startswith(OURS) and "[^" not in text and len(text) < PIECE // 3
]


def events_of(text: str) -> list[says.Event]:
    lines, blocks = Lines(), Blocks()
    out = [event for line in lines.feed(text) + lines.finish() for event in blocks.line(line)]
    return out + blocks.finish()


def leaves(text: str) -> list[Leaf]:
    out: list[tuple[tuple[str, ...], str, list[str]]] = []
    goes_on = False
    for event in events_of(text):
        match event:
            case says.Paragraph(_, piece) if goes_on:
                out[-1][2][-1] += piece
            case says.CodeLine(line) | says.RawLine(line):
                out[-1][2].append(line)
            case says.TableRow(cells):
                out[-1][2].append("|".join(cells))
            case says.TableEnd() | says.Empty() | says.Definition():
                pass
            case _:
                path = tuple(container.kind for container in event.where.path)
                texts = [event.text] if isinstance(event, says.Paragraph | says.Heading) else []
                if isinstance(event, says.TableStart):
                    texts = ["|".join(event.head)]
                level = event.level if isinstance(event, says.Heading) else ""
                out.append((path, f"{type(event).__name__}{level}", texts))
        goes_on = isinstance(event, says.Paragraph) and event.more
    return [(path, kind, bare("\n".join(lines))) for path, kind, lines in out]


def other_leaves(text: str) -> list[Leaf]:
    names = {
        "fence": "CodeStart",
        "code_block": "CodeStart",
        "html_block": "HtmlStart",
        "hr": "Rule",
    }
    out: list[Leaf] = []
    path: list[str] = []
    tokens = OTHER.parse(text)
    rows: list[list[str]] = []
    for index, token in enumerate(tokens):
        base = token.type.rsplit("_", 1)[0]
        if base in KINDS:
            path = [*path, KINDS[base]] if token.nesting > 0 else path[:-1]
        elif token.type in names:
            out.append((tuple(path), names[token.type], bare(token.content)))
        elif token.type == "paragraph_open":
            out.append((tuple(path), "Paragraph", bare(tokens[index + 1].content)))
        elif token.type == "heading_open":
            out.append((tuple(path), f"Heading{token.tag[1]}", bare(tokens[index + 1].content)))
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in {"th_open", "td_open"}:
            rows[-1].append(tokens[index + 1].content)
        elif token.type == "table_close":
            out.append((tuple(path), "TableStart", bare("\n".join(map("|".join, rows)))))
            rows = []
    return out


def bare(text: str) -> str:
    """A text without what does not matter to either: indent within, blank lines around."""
    return "\n".join(line.strip() for line in text.expandtabs(4).split("\n")).strip("\n")


_LEVEL = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*[\w{.]", re.MULTILINE)


def has_levels(text: str) -> bool:
    """Tell whether a block seems to hold another: a rule of our own."""
    return any(t.type == "fence" and _LEVEL.search(t.content) for t in OTHER.parse(text))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(SHARED), max_size=12))
def test_the_blocks_are_those_of_another_parser(lines: list[str]) -> None:
    text = "\n".join(lines)
    assume(not has_levels(text))
    assert leaves(text) == other_leaves(text)


@pytest.mark.parametrize(
    "text",
    [text for text in corpus() if not re.search(r"[\[\r]|\\\|", text) and not has_levels(text)],
)
def test_the_corpus_has_the_blocks_that_another_parser_sees(text: str) -> None:
    assert leaves(text) == other_leaves(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=10), st.integers(0, 10))
def test_a_copy_leaves_the_parser_as_it_was(lines: list[str], cut: int) -> None:
    blocks, alone = Blocks(), Blocks()
    for line in lines[:cut]:
        assert blocks.line(line) == alone.line(line)
    other = blocks.copy()
    for line in ["more", "- x", "[a]: b"]:
        other.line(line)
    other.finish()
    for line in lines[cut:]:
        assert blocks.line(line) == alone.line(line)
    assert blocks.finish() == alone.finish()
    assert dict(blocks.references) == dict(alone.references)


def test_a_long_paragraph_is_said_in_pieces_without_loss() -> None:
    words = [f"word{number}" for number in range(3_000)]
    lines = [" ".join(words[start : start + 10]) for start in range(0, 3_000, 10)]
    said = [event for event in events_of("\n".join(lines)) if isinstance(event, says.Paragraph)]
    assert "".join(event.text for event in said).split() == words
    assert [event.more for event in said] == [True] * (len(said) - 1) + [False]
    assert max(len(event.text) for event in said) < 2 * PIECE
    odd = events_of("**" + "\n".join(lines) + "**")
    assert isinstance(odd[0], says.Paragraph)
    assert MOST < len(odd[0].text) < 2 * MOST


def test_numbers_go_on_from_the_first() -> None:
    marks = [
        event.where.path[-1].mark
        for event in events_of("8. a\n9. b\n1. c\n\n5) d\n- [x] e\n- [ ] f\n1. [x] g")
        if isinstance(event, says.Paragraph)
    ]
    assert marks == ["8.", "9.", "10.", "5)", "☑", "☐", "1. ☑"]


def test_a_footnote_holds_what_is_indented_below_it() -> None:
    paths = [
        [container.kind for container in event.where.path]
        for event in events_of("[^a]: one\n    two\n\n    three\n\nfour")
        if isinstance(event, says.Paragraph)
    ]
    assert paths == [["note"], ["note"], []]


def test_an_empty_item_is_said() -> None:
    assert [type(event).__name__ for event in events_of("-\n- a")] == ["Empty", "Paragraph"]


def test_an_info_string_opens_a_level_in_a_block() -> None:
    code = "# a\n```yaml\nb: 1\n```\nend"
    text = f"```md\n{code}\n```\nafter"
    assert leaves(text) == [((), "CodeStart", code), ((), "Paragraph", "after")]
    quoted = leaves("> " + text.replace("\n", "\n> "))
    assert [leaf[1:] for leaf in quoted] == [leaf[1:] for leaf in leaves(text)]
