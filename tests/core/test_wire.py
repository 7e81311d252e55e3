import json

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.wire import encode, scrub, scrubbed

_ANY = st.text(st.characters(codec=None))


@given(_ANY)
def test_scrubbed_text_can_always_be_sent_and_stays_scrubbed(text: str) -> None:
    clean = scrub(text)
    clean.encode("utf-8")
    assert "\0" not in clean
    assert scrub(clean) == clean


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_good_text_stays_as_it_is(text: str) -> None:
    assert scrub(text) == text


def test_halves_are_joined_and_lone_ones_replaced() -> None:
    assert scrub("\ud83d\ude00 \ud83d é") == "😀 \ufffd é"


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_json_is_compact_keeps_order_and_reads_back(value: dict[str, object]) -> None:
    written = encode(value)
    assert json.loads(written) == value
    assert list(json.loads(written)) == list(value)
    assert encode({"a": [1, "é"]}) == '{"a":[1,"é"]}'


def test_texts_anywhere_in_a_value_are_made_sendable() -> None:
    value = json.loads('{"a\\ud83d":["\\ud83d\\ude00",{"b":"\\udc00"},1,null]}')
    assert scrubbed(value) == {"a\ufffd": ["😀", {"b": "\ufffd"}, 1, None]}
