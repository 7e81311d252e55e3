from typing import Any

import pytest

from chatrepl.demo import fields
from chatrepl.demo.wire import ApiFault

GOOD: list[tuple[fields.Check, Any]] = [
    (fields.text, ""),
    (fields.whole, 0),
    (fields.flag, False),
    (fields.record, {}),
    (fields.array, []),
    (fields.texts, ["a"]),
    (fields.one_of("a", "b"), "b"),
    (fields.maybe(fields.text), None),
    (fields.anything, object()),
    (fields.cache_control, {"type": "ephemeral", "ttl": "1h"}),
    (fields.cache_control, None),
    (fields.citations_config, {"enabled": True}),
]
BAD: list[tuple[fields.Check, Any, str]] = [
    (fields.text, 1, "p: Input should be a valid string"),
    (fields.whole, True, "p: Input should be a valid integer"),
    (fields.whole, 1.5, "p: Input should be a valid integer"),
    (fields.flag, 0, "p: Input should be a valid boolean"),
    (fields.record, [], "p: Input should be a valid dictionary"),
    (fields.array, (), "p: Input should be a valid list"),
    (fields.texts, [1], "p.0: Input should be a valid string"),
    (fields.one_of("a"), "b", "p: Input should be 'a'"),
    (fields.one_of("a", "b", "c"), "d", "p: Input should be 'a', 'b' or 'c'"),
    (fields.maybe(fields.text), 1, "p: Input should be a valid string"),
    (fields.cache_control, {"type": "x"}, "p.type: Input should be 'ephemeral'"),
    (fields.cache_control, {}, "p.type: Field required"),
    (fields.citations_config, {"on": True}, "p.on: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_good_values_pass(check: fields.Check, value: Any) -> None:
    check("p", value)


@pytest.mark.parametrize(("check", "value", "words"), BAD)
def test_bad_values_are_named_with_their_place(check: fields.Check, value: Any, words: str) -> None:
    with pytest.raises(ApiFault) as caught:
        check("p", value)
    assert caught.value.message == words


def test_a_type_names_its_shape() -> None:
    kinds: dict[str, Any] = {"a": ({"x": fields.text}, {})}
    assert fields.typed("p", {"type": "a", "x": ""}, kinds) == {"type": "a", "x": ""}
    for value in ({}, {"type": "b"}, {"type": "a"}, {"type": "a", "x": "", "y": 1}, 7):
        with pytest.raises(ApiFault):
            fields.typed("p", value, kinds)
