"""Templates and the items that fill them."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.items import Item, ItemKind, Template, check_fields, read_items

FILLED = [
    ("Country of {}?", "Peru", "Country of Peru?"),
    ("{}{}", "ab", "abab"),
    ("no place", "ab", "no place"),
    ("{{}", "ab", "{}"),
    ("{{a}} {}", "b", "{a} b"),
    ('{{"a": {}}', "1", '{"a": 1}'),
    ("}} } {", "b", "}} } {"),
    ("{{{}}}", "b", "{b}"),
    ("{title} by { name }", {"title": "Emma", "name": "J."}, "Emma by J."),
    ("{n}, {yes}, {none}", {"n": 3, "yes": True, "none": None}, "3, true, null"),
    ("{a.b}", {"a": {"b": "c"}}, "c"),
    ("{a.b}", {"a.b": "whole", "a": {"b": "c"}}, "whole"),
    ("{}", {"a": 1}, '{"a":1}'),
    ("{}", 12, "12"),
    ("{first name}", {"first name": "Ada"}, "Ada"),
    ("{x}", {"x": "{y} {{"}, "{y} {{"),
]


@pytest.mark.parametrize(("text", "value", "filled"), FILLED)
def test_an_item_fills_the_places_of_a_template(text: str, value: object, filled: str) -> None:
    assert Template.parse(text).fill(Item(0, value)) == filled


@given(st.text(), st.text())
def test_a_text_whose_braces_are_doubled_stands_there_as_it_is(text: str, item: str) -> None:
    text = text.replace("}", "")
    assert Template.parse(text.replace("{", "{{")).fill(Item(0, item)) == text


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("{b}", {"a": 1}, "It has: a."),
        ("{a.c}", {"a": {"b": 1}}, "It has: a."),
        ("{a.b.c}", {"a": {"b": 1}}, "It has: a."),
        ("{b}", "a line", "A line has no fields"),
        ("{0}", ["a"], "A line has no fields"),
    ],
)
def test_a_field_that_is_not_there_is_named(text: str, value: object, words: str) -> None:
    with pytest.raises(UsageError) as error:
        check_fields(Item(4, value), [Template.parse(text)])
    assert text in error.value.message
    assert "item 5" in error.value.message
    assert words in error.value.hint


def test_a_table_that_cannot_be_read_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatrepl.core.items._LONGEST_CELL", 4)
    with pytest.raises(UsageError, match="cannot be read"):
        list(read_items("table", ["a", "12345"]))


def test_a_field_may_be_needed_without_a_place_for_it() -> None:
    check_fields(Item(0, {"a": 1}), [], "a")
    with pytest.raises(UsageError):
        check_fields(Item(0, {"a": 1}), [], "b")


def test_a_template_tells_its_fields_and_what_is_the_same_for_all() -> None:
    template = Template.parse("Is {a} {{ {b} or {}?")
    assert (template.names, template.varies, template.head()) == (
        frozenset({"a", "b"}),
        True,
        "Is ",
    )
    fixed = Template.parse("Is {{it}}?")
    assert (fixed.names, fixed.varies, fixed.head()) == (frozenset(), False, "Is {it}?")


READ: list[tuple[ItemKind, Sequence[str], list[object]]] = [
    ("lines", ["a", "", " b ", "  "], ["a", " b "]),
    ("lines", ["nul \0", "half \ud800"], ["nul \ufffd", "half \ufffd"]),
    ("objects", ['{"a": "\\u0000"}', "", '"b"', "[1]", "2"], [{"a": "\ufffd"}, "b", [1], 2]),
    ("table", ["a,b", "1,2", "", "3", '"x\ny",4'], [{"a": "1", "b": "2"}, {"a": "3", "b": ""},
                                                  {"a": "x\ny", "b": "4"}]),
    ("table", ["", "a;b", '"1;2";x,y'], [{"a": "1;2", "b": "x,y"}]),
    ("table", ["a\tb", "1\t2"], [{"a": "1", "b": "2"}]),
    ("table", ["a,b\r1,2\r3,4"], [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
    ("table", ["a,b\r\n1,2\n3,4"], [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
    ("table", ["a,b", '"x\ry",4'], [{"a": "x\ny", "b": "4"}]),
    ("table", ["a,a, a,b,,", "1,2,3,4,5,6"],
     [{"a": "1", "a.2": "2", "a.3": "3", "b": "4", "": "6"}]),
    ("table", [], []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "lines", "values"), READ)
def test_items_are_read_one_by_one(
    kind: ItemKind, lines: Sequence[str], values: list[object]
) -> None:
    items = list(read_items(kind, lines))
    assert [item.value for item in items] == values
    assert [item.number for item in items] == list(range(len(values)))
    assert not any(item.fault for item in items)


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("objects", ['{"a": 1}', "{a}", "2"]),
        ("objects", ['{"a": 1}', "[" * 100_000, "2"]),
        ("table", ["a", "1", "2,3", "4"]),
    ],
)
def test_what_is_no_item_has_a_fault_and_keeps_its_place(kind: ItemKind, lines: list[str]) -> None:
    good, bad, other = read_items(kind, lines)
    assert not good.fault
    assert not other.fault
    with pytest.raises(UsageError, match="Item 2"):
        check_fields(bad, [])


def test_a_field_that_is_asked_of_mere_lines_is_named() -> None:
    (line,) = read_items("objects", ["no object"])
    with pytest.raises(UsageError) as caught:
        check_fields(line, [Template.parse("Who is {name}?")])
    assert "{name}" in caught.value.hint
    assert "Item 1 is no JSON" in str(caught.value)


def test_items_come_before_the_end_of_what_is_read() -> None:
    def lines() -> Iterator[str]:
        yield "a"
        pytest.fail("read on")

    assert next(read_items("lines", lines())).value == "a"


def test_an_item_is_the_same_wherever_it_stands() -> None:
    assert Item(1, {"a": 1}).id == Item(7, {"a": 1}).id != Item(1, {"a": 2}).id


def test_a_long_item_is_named_by_its_beginning() -> None:
    assert Item(0, "word " * 40).label == f"item 1 ({('word ' * 8)[:39]}…)"


@pytest.mark.parametrize("key", ["AKIA" + "QJ7Z" * 4, "sk-ant-api03-" + "aB3" * 90, "my/own-key-0"])
@pytest.mark.parametrize("before", ["", "is ", "x" * 36 + " "])
def test_a_label_holds_no_letter_of_a_key(key: str, before: str) -> None:
    label = Item(4, f"{before}{key} right?").label_without(["my/own-key-0"])

    assert label.startswith(f"item 5 ({before.strip()}")
    assert key[:2] not in label.removeprefix("item 5")
