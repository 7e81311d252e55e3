"""What stands before a text: what is YAML as people write it, and what is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.front_matter import (
    FrontError,
    FrontValue,
    flow_parts,
    from_toml,
    from_yaml,
    seems_open,
    split_front,
)


@pytest.mark.parametrize(
    ("text", "kind", "head", "body"),
    [
        ("---\na: b\n---\nhi\n", "yaml", "a: b", "hi\n"),
        ("---\r\na: b\r\n---\r\nhi\r\n", "yaml", "a: b", "hi\n"),
        ("\ufeff---\na: b\n...\nhi", "yaml", "a: b", "hi"),
        ("---\n---\nhi", "yaml", "", "hi"),
        ("+++\na = 1\n+++\nhi", "toml", "a = 1", "hi"),
        ("---\n# no\na = 'b'\n---\nhi", "toml", "# no\na = 'b'", "hi"),
        ("---\na rule, and no head", "", "", "---\na rule, and no head"),
        ("hi\n---\na: b\n---\n", "", "", "hi\n---\na: b\n---\n"),
        ("", "", "", ""),
        ("----\na: b\n---\n", "", "", "----\na: b\n---\n"),
    ],
)
def test_what_stands_before_a_text_stands_between_two_fences_at_the_very_beginning(
    text: str, kind: str, head: str, body: str
) -> None:
    front = split_front(text)

    assert (front.kind, front.front, front.body) == (kind, head, body)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Sum this up", "Sum this up"),
        ("Review: the whole of it", "Review: the whole of it"),
        ("Fix issue #12", "Fix issue #12"),
        ("haiku # is quick", "haiku"),
        ("# only a remark", ""),
        ("'it''s \"fine\"' # yes", 'it\'s "fine"'),
        (r'"two\nlines \"of\" it: \u00e9\x41\t."', 'two\nlines "of" it: éA\t.'),
        ('"open', '"open'),
        ("[pr] [priority]", "[pr] [priority]"),
        ("Bash(git add:*), Bash(git push:*)", "Bash(git add:*), Bash(git push:*)"),
        ('{"type": "object"}', '{"type": "object"}'),
        ("a text\n  that goes on\n  # but this\n  below", "a text that goes on below"),
        ("|\n  as it\n    stands\n\n  here", "as it\n  stands\n\nhere"),
        ("|-\n\tas it stands\n", "as it stands"),
        (">\n  one\n  line\n\n  and another", "one line\nand another"),
        (">- # folded\n  one\n  line", "one line"),
        ("|", ""),
        ("", ""),
    ],
)
def test_a_text_is_read_as_it_was_meant(written: str, text: str) -> None:
    assert from_yaml(f"key: {written}\nlast: 1")["key"].text == text
    assert from_yaml(f"key: {written}\nlast: 1")["last"].text == "1"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[a, b]", ("a", "b")),
        ("[a, 'b, c', \"d\"]", ("a", "b, c", "d")),
        ("[]", ()),
        ("[ , ]", ()),
        ("[a,\n  b,\n  c]", ("a", "b", "c")),
        ("\n- a\n- 'b: c'", ("a", "b: c")),
        ("\n  - a # one\n  # none\n  - b", ("a", "b")),
        ("just one", ("just one",)),
        ("", ()),
    ],
)
def test_a_list_is_written_in_a_line_or_below(written: str, words: tuple[str, ...]) -> None:
    assert from_yaml(f"key: {written}")["key"].words == words


def test_a_value_knows_its_line_and_what_is_nested_is_no_text() -> None:
    values = from_yaml("a: 1\n\n# no\nhooks:\n  Stop:\n    - run\nmaps:\n  - b: c\n'q-k': 2", 5)

    assert values["hooks"] == FrontValue(line=8, nested=True)
    assert values["maps"].parts == ("b: c",)
    assert (values["a"].line, values["q-k"].line, values["q-k"].text) == (5, 13, "2")


@pytest.mark.parametrize("head", ["no key here", "a: b\n: c", "a:b", "a: b\n[x]: c", "{a: b}"])
def test_what_is_no_key_with_a_value_is_refused_with_its_line(head: str) -> None:
    with pytest.raises(FrontError, match="is no key and value") as refused:
        from_yaml(head)
    assert refused.value.line == head.count("\n") + 2


def test_a_long_line_is_named_by_its_beginning() -> None:
    with pytest.raises(UsageError, match=r"^x+… is no key"):
        from_yaml("x" * 90)


def test_toml_has_the_same_values() -> None:
    table = {"a": "b", "c": ["d", 1], "e": True, "f": {"g": 1}, "h": 1.5}
    values = from_toml(table, '\na = "b"\n c= ["d", 1]\n"e"=true\n[ f ]\ng = 1\n')

    assert {key: value.text for key, value in values.items()} == {
        "a": "b", "c": "", "e": "true", "f": '{"g":1}', "h": "1.5",
    }  # fmt: skip
    assert values["c"].words == ("d", "1")
    assert [values[key].line for key in "acefh"] == [2, 3, 4, 5, 0]
    assert [key for key in values if values[key].nested] == ["f"]


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("---\nmodel: haiku\nHi", True),
        ("+++\nmodel = 'haiku'", True),
        ("--- \neffort: low", True),
        ("---\n\nmodel: haiku", False),
        ("---\nHi there", False),
        ("---", False),
        ("", False),
        ("Hi\nmodel: haiku", False),
    ],
)
def test_a_front_that_nothing_ends_is_seen(text: str, is_open: bool) -> None:
    assert seems_open(text) is is_open


def test_what_is_no_list_has_no_parts() -> None:
    assert flow_parts("[a] [b") is None


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_head_is_read_or_refused_in_words(head: str) -> None:
    values = {}
    with suppress(UsageError):
        values = from_yaml(head)
    assert all(isinstance(value.words, tuple) for value in values.values())


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_a_quoted_text_comes_back(text: str) -> None:
    quoted = "'" + text.replace("'", "''").replace("\n", " ") + "'"

    assert from_yaml(f"key: {quoted}")["key"].text == text.replace("\n", " ")
