import time

import pytest

from chatrepl.pages.saved_list import none_saved, saved_facts, saved_list, when
from chatrepl.storage.library import SavedEntry

WHEN = time.mktime((2026, 11, 28, 9, 5, 0, 0, 0, -1))
NAMED = SavedEntry("20261128-ab12", "/x/20261128-ab12.jsonl", "notes", "About whales", 3, WHEN, 99)
BARE = SavedEntry("20261127-cd34", "/x/20261127-cd34.jsonl", "", "", 0, WHEN, 0)


def test_a_row_says_how_a_conversation_is_called_and_when_it_changed() -> None:
    table = saved_list([NAMED, BARE])

    assert table.headings == ("id", "name", "turns", "changed")
    assert table.rows == (
        ("20261128-ab12", "notes", "3", "2026-11-28 09:05"),
        ("20261127-cd34", "20261127-cd34", "0", "2026-11-28 09:05"),
    )
    assert when(WHEN) == "2026-11-28 09:05"


def test_a_program_reads_the_same_and_where_it_stands() -> None:
    facts = saved_facts(NAMED)

    assert (facts["name"], facts["title"], facts["turns"]) == ("notes", "About whales", 3)
    assert (facts["bytes"], facts["file"]) == (99, "/x/20261128-ab12.jsonl")
    assert facts["changed"].startswith("2026-11-28T09:05:00")
    assert saved_facts(BARE)["name"] is None


@pytest.mark.parametrize(("query", "words"), [("", "Nothing is saved"), ("x", "holds that")])
def test_an_empty_list_is_said_to_be_empty(query: str, words: str) -> None:
    assert words in none_saved(query)
