import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.wire import (
    ApiFault,
    Chunk,
    Ending,
    WireAnswer,
    canonical,
    dump,
    error_body,
    json_answer,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(values)
def test_json_comes_back_as_it_was(value: object) -> None:
    assert json.loads(dump(value)) == json.loads(canonical(value)) == value


def test_equal_values_have_equal_bytes_and_surrogates_are_written() -> None:
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert json.loads(dump("\ud800")) == "\ud800"


def test_an_answer_plays_its_chunks_and_repeats_the_last_where_it_has_to() -> None:
    chunks = (Chunk(b"a"), Chunk(b"b", 1.0))
    assert list(WireAnswer(200, {}, chunks).play()) == list(chunks)
    endless = WireAnswer(200, {}, chunks, Ending.REPEAT)
    assert b"".join(c.data for c in itertools.islice(endless.play(), 5)) == b"abbbb"
    assert endless.body == b"ab"
    assert list(WireAnswer(200, {}, (), Ending.REPEAT).play()) == []


def test_errors_have_the_shape_of_the_service() -> None:
    assert error_body(529, "Overloaded", "req_1") == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_1",
    }
    assert error_body(400, "x", "r", {"error_code": "y"})["error"]["details"]
    assert ApiFault(429, "x", retry_after="3").headers == {"retry-after": "3"}
    assert json_answer(200, [], {}).headers["content-length"] == "2"
