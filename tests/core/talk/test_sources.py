"""The sources of a reply."""

from typing import Any

import pytest

from chatrepl.core.talk.blocks import TextBlock, UnknownBlock
from chatrepl.core.talk.sources import Source, Sources


def test_each_address_has_one_number_and_one_note() -> None:
    sources = Sources()
    marks = [sources.marks([{"url": f"https://{name}.example", "title": name}]) for name in "aba"]

    assert marks == [("[^1]",), ("[^2]",), ("[^1]",)]
    assert sources.notes() == "[^1]: a <https://a.example>\n[^2]: b <https://b.example>\n"
    assert sources.marks([]) == ()
    assert Sources().notes() == ""


@pytest.mark.parametrize(
    ("cited", "name"),
    [
        ({"document_title": "R", "start_page_number": 3, "end_page_number": 4}, "R, page 3"),
        ({"document_title": "R", "start_page_number": 3, "end_page_number": 6}, "R, pages 3-5"),
        ({"document_title": "R", "start_page_number": 3}, "R, page 3"),
        ({"document_title": "R", "start_char_index": 0, "end_char_index": 9}, "R, characters 0-9"),
        ({"document_title": "R", "start_block_index": 0, "end_block_index": 2}, "R, parts 1-2"),
        ({"document_index": 1, "document_title": None}, "document 2"),
        ({"type": "new_location", "x": [1]}, "a source without a name"),
        ({"title": "T", "source": "kb/7", "start_block_index": 0}, "T"),
        ({"title": "T", "document_title": "R", "start_page_number": "3"}, "T"),
    ],
)
def test_a_source_is_named_by_its_title_and_place(cited: dict[str, Any], name: str) -> None:
    assert Source.of(cited).name == name


def test_two_documents_of_one_title_are_told_apart() -> None:
    first, second = ({"document_title": "R", "document_index": at} for at in (0, 1))
    assert Sources().marks([first, second, first]) == ("[^1]", "[^2]")


def test_programs_get_a_list_with_what_was_cited() -> None:
    web = {"url": "https://a", "title": "A", "cited_text": "so"}
    page = {"document_title": "R", "start_page_number": 1, "cited_text": "it says"}
    blocks = (TextBlock("x", (web, page, web)), UnknownBlock({"type": "new"}), TextBlock("y"))
    sources = Sources.of(blocks)

    assert sources.to_wire() == [
        {"n": 1, "title": "A", "url": "https://a", "cited_text": "so"},
        {"n": 2, "title": "R", "url": None, "cited_text": "it says"},
    ]
    assert [source.name for source in sources] == ["A", "R, page 1"]
