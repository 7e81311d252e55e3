import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.foreign_json import (
    DEEPEST,
    MOST_COUNT,
    Decoded,
    counted,
    decode,
    exactly,
    omissions,
    read_json,
    tame,
)
from chatrepl.core.wire import encode

_LEAVES = (
    st.none()
    | st.booleans()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs"]), max_size=3)
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
)
FOREIGN = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=30,
)


def nested(depth: int, leaf: str = "1") -> str:
    return "[" * depth + leaf + "]" * depth


def depth_of(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value
    is_container = isinstance(value, dict | list)
    return 1 + max(map(depth_of, children), default=0) if is_container else 0


@pytest.mark.parametrize(
    ("text", "value", "left_out"),
    [
        ('{"a":1e999,"b":2}', {"b": 2}, 1),
        ('{"a":-1e400}', {}, 1),
        ('[NaN,Infinity,-Infinity,"NaN"]', ["NaN"], 3),
        ("[999999999999999999,-999999999999999999]", [10**18 - 1, 1 - 10**18], 0),
        ("[1000000000000000000,-1000000000000000000,7]", [7], 2),
        (f'{{"n":{"9" * 5000},"m":[{"1" * 400}]}}', {"m": []}, 2),
        ("1e999", None, 1),
        ("12e-400", 0.0, 0),
        (r'{"\ud800":"\udc00x","\ud83d\ude00":"\ud83d\ude00"}', {"�": "�x", "😀": "😀"}, 0),
        (r'["\\ud800", "\\\\"]', [r"\ud800", r"\\"], 0),
        ('\ufeff{"a":[]}', {"a": []}, 0),
        ('{"a":1,"a":2}', {"a": 2}, 0),
        (f'{{"a":{nested(99)},"z":2}}', {"a": json.loads(nested(99)), "z": 2}, 0),
        (f'{{"a":{nested(100)},"z":2}}', {"a": json.loads(nested(99, "")), "z": 2}, 1),
        (f'["]","[{{{{",{nested(5000)},"{"[" * 300}"]', None, 1),
        (f'{{"text":"{"{[" * 300}"}}', {"text": "{[" * 300}, 0),
    ],
)
def test_what_breaks_a_rule_is_left_out_and_counted(text: str, value: Any, left_out: int) -> None:
    decoded = decode(text)
    assert decoded.left_out == left_out
    if value is not None:
        assert decoded.value == value
    assert depth_of(decoded.value) <= DEEPEST
    assert decode(text.encode()) == decoded


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 300, "]" * 300, nested(200)[:-1], nested(300) + "]", '"a', b"\xff", "nul"],
)
def test_what_is_no_json_is_none(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(text)
    assert read_json(text) is None


@given(FOREIGN)
def test_any_json_can_be_written_and_read_again(value: Any) -> None:
    decoded = decode(json.dumps(value))
    written = json.dumps(decoded.value, ensure_ascii=False, allow_nan=False).encode()
    assert decode(written) == decode(json.dumps(decoded.value)) == tame(decoded.value)
    assert decode(written).value == decoded.value
    assert decode(written).left_out == 0
    assert decode(encode(decoded.value)).value == decoded.value
    assert encode(value)


@given(st.integers(0, 3 * DEEPEST), st.integers(0, 3 * DEEPEST), st.booleans())
def test_depth_is_bounded_and_what_stands_beside_stays(deep: int, other: int, first: bool) -> None:
    parts = [f'"deep":{nested(deep)}', f'"other":[{nested(other)},"x"]', '"tail":"end"']
    decoded = decode("{" + ",".join(parts if first else parts[::-1]) + "}")
    assert depth_of(decoded.value) == min(1 + max(deep, other + 1), DEEPEST)
    assert decoded.value["tail"] == "end"
    assert decoded.value["other"][-1] == "x"
    assert decoded.left_out == (deep > DEEPEST - 1) + (other > DEEPEST - 2)


@given(st.text(st.characters(codec=None)))
def test_half_a_surrogate_stays_where_the_other_may_come(text: str) -> None:
    assert decode(json.dumps([text]), halves=True) == Decoded([text])
    assert tame([text], halves=True) == Decoded([text])


def test_depth_without_end_is_no_recursion() -> None:
    deep: list[Any] = []
    for _ in range(100_000):  # newer Pythons write 10,000 of them
        deep = [deep]
    assert depth_of(decode(nested(200_000)).value) == DEEPEST
    assert depth_of(tame(deep).value) == DEEPEST
    assert len(encode({"deep": deep, "text": "x"})) < 400


def test_what_is_no_json_at_all_is_left_out() -> None:
    decoded = tame({"a": {1, 2}, "b": (1, math.nan), 3: b"x", "c": "\ud800"})
    assert decoded.value == {"b": [1], "c": "�"}
    assert decoded.left_out == 3
    assert tame(object()).value is None


@pytest.mark.parametrize("count", [0, 1, MOST_COUNT])
def test_a_count_is_a_whole_number_within_reason(count: int) -> None:
    assert counted(count) == count


@pytest.mark.parametrize("other", [-1, MOST_COUNT + 1, 10**400, True, 1.0, "1", None, [1]])
def test_anything_else_counts_nothing(other: object) -> None:
    assert counted(other) is None


def test_what_was_left_out_is_said_in_words() -> None:
    assert omissions(1).startswith("1 value was left out")
    assert omissions(1234).startswith("1,234 values were left out")


@given(st.integers(1, 300))
def test_what_is_read_exactly_is_nested_so_deep_at_most_on_any_python(depth: int) -> None:
    text = "[" * depth + "]" * depth
    if depth <= DEEPEST:
        assert json.dumps(exactly(text)) == text
    else:
        with pytest.raises(ValueError, match="too deep"):
            exactly(text)
