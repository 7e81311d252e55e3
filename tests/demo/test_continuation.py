import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.command import PrefillBehaviour
from chatrepl.demo.continuation import begin_with, last_words, rest_of


@given(st.text(min_size=2), st.data())
def test_the_rest_completes_the_text(full: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(full) - 1))
    assert full[:cut].rstrip() == "" or full[:cut] + rest_of(full, full[:cut]) == full


@given(st.text())
def test_anything_can_be_gone_on_with(said: str) -> None:
    assert rest_of("a whole answer", said)


@pytest.mark.parametrize(
    "begun",
    ['{"a": 1', '{"answer":', "[1, 2", '["x', '{"a": {"b": "c', "{", "[", '{"name', '[{"a": 1'],
)
def test_json_that_was_begun_is_completed(begun: str) -> None:
    json.loads(begun + rest_of("no such text", begun))


def test_open_code_is_closed_and_no_space_is_doubled() -> None:
    assert rest_of("", "```python\ndef f():").rstrip().endswith("```")
    assert rest_of("Hello", "Well, ") == "Hello"
    assert rest_of("Hello", "Well,") == "\n\nHello"
    assert rest_of("Hello", "Well").startswith(", ")


@given(st.text("ab c", min_size=30), st.data())
def test_a_reply_after_a_prefill_is_found_again(full: str, data: st.DataObject) -> None:
    whole = "Dear Ada:" + rest_of(full, "Dear Ada:")
    cut = data.draw(st.integers(40, len(whole) - 1)) if len(whole) > 41 else len(whole) - 1
    if full.strip() and not full[0].isspace():
        assert whole[:cut] + rest_of(full, whole[:cut]) == whole


def test_each_way_to_follow_a_prefill() -> None:
    ways = {way: begin_with("a b\nc", " d", way) for way in PrefillBehaviour}
    assert ways[PrefillBehaviour.REPEAT] == ways[PrefillBehaviour.SPLIT] == "a b\nc d"
    assert ways[PrefillBehaviour.OMIT] == " d"
    assert ways[PrefillBehaviour.WHITESPACE] == "\na\nb c d"


@given(st.text(), st.integers(0, 5))
def test_the_last_words_end_the_text(text: str, count: int) -> None:
    found = last_words(text, count)
    assert text.endswith(found)
    assert len(found.split()) == min(count, len(text.split()))
