"""Values made by `frozen` behave as those of the standard decorator do."""

import copy
import dataclasses
import gc
import pickle
import weakref
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen, replace, twin, variant


@frozen
class Point:
    """A place."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Twin:
    """The same by the standard decorator."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


@frozen
class Pair:
    """Two of anything, which has to be hashable to be hashed."""

    left: Any
    right: Any = None


@frozen
class Luggage:
    """A value with a part that cannot be hashed."""

    owner: str
    items: dict[str, int] = field(default_factory=dict, hash=False)


def test_a_part_that_cannot_be_hashed_may_stay_out_of_the_hash() -> None:
    one, other = Luggage("a", {"hat": 1}), Luggage("a", {"hat": 2})
    assert hash(one) == hash(other)
    assert len({one, other, Luggage("a", {"hat": 1})}) == 2


@frozen
class Nothing:
    """A value without fields."""


@frozen
class Percent:
    """A value that checks itself."""

    share: float

    def __post_init__(self) -> None:
        """Raise ValueError for what is no share."""
        if not 0 <= self.share <= 1:
            raise ValueError("no share")

    def __repr__(self) -> str:
        return f"{self.share:.0%}"

    @property
    def rest(self) -> "Percent":
        return replace(self, share=1 - self.share)


GIVEN = st.fixed_dictionaries(
    {"x": st.integers()},
    optional={"y": st.integers(), "names": st.lists(st.text()), "note": st.text()},
)
ANYTHING = st.recursive(st.integers() | st.text(), lambda inner: st.tuples(inner, inner))


@given(GIVEN, GIVEN)
def test_making_showing_and_comparing_are_those_of_a_dataclass(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert repr(Point(**one)) == repr(Twin(**one)).replace("Twin", "Point")
    assert (Point(**one) == Point(**other)) is (Twin(**one) == Twin(**other))
    assert [getattr(Point(**one), item.name) for item in fields(Point)] == [
        getattr(Twin(**one), item.name) for item in fields(Twin)
    ]


@given(ANYTHING, ANYTHING)
def test_equal_values_hash_alike_and_different_ones_differ(left: object, right: object) -> None:
    assert Pair(left, right) == Pair(left, right)
    assert hash(Pair(left, right)) == hash(Pair(left, right))
    assert Pair(left, right) != Pair((left,), right)
    assert len({Pair(left, right), Pair(left, right), Pair((left,), right)}) == 2


@given(ANYTHING)
def test_copies_replacements_and_pickles_are_equal(held: object) -> None:
    value = Pair(held, Nothing())
    assert value == copy.copy(value) == copy.deepcopy(value) == replace(value)
    assert pickle.loads(pickle.dumps(value)) == value
    assert replace(value, left=1) == Pair(1, Nothing())


class Handled:
    """What blocks have in common: a class without fields."""

    __slots__ = ()


@frozen
class Held(Handled):
    """A value with another class above it."""

    name: str
    more: dict[str, int] = field(default_factory=dict)


@given(GIVEN, GIVEN)
def test_a_value_with_other_fields_is_that_of_a_dataclass(
    given: dict[str, Any], changes: dict[str, Any]
) -> None:
    point = Point(**given)
    assert replace(point, **changes) == dataclasses.replace(point, **changes)
    assert point == Point(**given)
    assert replace(Held("a", {"b": 1}), name="c") == Held("c", {"b": 1})


def test_a_value_with_other_fields_is_as_frozen_and_checked_as_any() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(replace(Point(1), x=2), "x", 3)  # noqa: B010 - the type checker refuses it, too
    with pytest.raises(ValueError, match="no share"):
        replace(Percent(0.5), share=2)
    with pytest.raises(AttributeError):
        replace(Point(1), **dict[str, Any](z=2))


def test_a_value_equals_nothing_of_another_class() -> None:
    others: list[object] = [Twin(1), Pair(1), Nothing(), 1, None]
    assert Point(1) not in others
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(())


def test_defaults_are_given_and_made_anew() -> None:
    assert (Point(1).y, Point(1).names) == (2, [])
    assert Point(1).names is not Point(1).names


@pytest.mark.parametrize(
    "change",
    [
        lambda point: setattr(point, "x", 2),
        lambda point: setattr(point, "z", 2),
        lambda point: delattr(point, "x"),
    ],
)
def test_nothing_about_a_value_can_be_changed(change: Callable[[Point], None]) -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError):
        change(point)
    assert point == Point(1)
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize("arguments", [(), (1, 2, [], "", 5)])
def test_too_few_and_too_many_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__"):
        Point(*arguments)


def test_values_take_part_in_pattern_matching() -> None:
    match Point(1, 5):
        case Point(x, y):
            assert (x, y) == (1, 5)


def test_methods_of_the_class_s_own_stay() -> None:
    assert repr(Percent(0.25).rest) == "75%"
    with pytest.raises(ValueError, match="no share"):
        Percent(2)


def test_its_parameters_are_annotated_once_there_is_a_value() -> None:
    assert Pair(1).left == 1
    assert Pair.__init__.__annotations__ == {"left": Any, "right": Any, "return": None}


class Growing:
    """What changes in place, as a parser does."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.at = 0


def test_a_twin_goes_its_own_way_and_shares_what_its_fields_hold() -> None:
    one = Growing()
    other = twin(one)
    other.at = 3
    assert (type(other), one.at) == (Growing, 0)
    assert other.lines is one.lines


def test_an_ordinary_dataclass_is_copied_too() -> None:
    before = Message.user("a")
    assert before.encoded
    after = replace(before, role="assistant")
    assert (after.role, after.content) == ("assistant", before.content)
    assert b"assistant" in after.encoded


@dataclass(frozen=True)
class Word:
    """A word, and its small letters."""

    text: str

    @variant
    def small(self) -> "Word":
        return self if self.text.islower() else Word(self.text.lower())


@pytest.mark.parametrize("text", ["low", "HIGH"])
def test_another_form_of_an_object_is_made_once_and_goes_with_it(text: str) -> None:
    gc.disable()
    try:
        word = Word(text)
        assert word.small.text == text.lower()
        assert word.small is word.small
        assert (word.small is word) is text.islower()
        last = weakref.ref(word)
        del word
        assert last() is None
    finally:
        gc.enable()
