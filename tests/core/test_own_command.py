"""What a command of one's own makes of its arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.front_matter import FrontError, FrontValue, from_yaml
from chatrepl.core.own_command import OwnCommand, all_of, arguments, expand, make

ARGUMENTS = [
    ("", []),
    ("  a  b\tc \n", ["a", "b", "c"]),
    ('"first arg" second', ["first arg", "second"]),
    ("'first arg' second", ["first arg", "second"]),
    ('"double" \'single\' "again and again"', ["double", "single", "again and again"]),
    ('"" b', ["", "b"]),
    ('a"b c"d', ["ab cd"]),
    (r'"he said \"no\""', ['he said "no"']),
    (r"Holiday\ pictures/1.jpg", ["Holiday pictures/1.jpg"]),
    (r"C:\dir it\'s", [r"C:\dir", "it's"]),
    ("don't do it", ["don't", "do", "it"]),
    ("it's Bob's and Ann's", ["it's", "Bob's", "and", "Ann's"]),
    ("'tis the season", ["'tis", "the", "season"]),
    ("'it's fine' here", ["it's fine", "here"]),
    ('a 5" disk', ["a", '5"', "disk"]),
    ('"one\ntwo" three', ["one\ntwo", "three"]),
    ("$100 @user #tag", ["$100", "@user", "#tag"]),
    ("日本語 🎉 café", ["日本語", "🎉", "café"]),
]
# What pi makes of the same texts and arguments.
PLACES = [
    ("Test: $ARGUMENTS", "a b c", "Test: a b c"),
    ("Test: $@", "a b c", "Test: a b c"),
    ("$ARGUMENTS", "$1 $ARGUMENTS", "$1 $ARGUMENTS"),
    ("$@", "$100 ${@:2}", "$100 ${@:2}"),
    ("$1: $@ ($ARGUMENTS)", "x y", "x: x y (x y)"),
    ("Test: $1", "", "Test: "),
    ("Test: $@", "", "Test: "),
    ("$1 $2 $3 $4 $5", "a b", "a b   "),
    ("$1$2", "a b", "ab"),
    ("$0", "a b", ""),
    ("$1.5", "a", "a.5"),
    ("pre$@ pre$ARGUMENTS", "a b", "prea b prea b"),
    ("$10 $12", "a b c d e f g h i j k l", "j l"),
    ("$A $$ $ $ARGS $arguments $1", "a", "$A $$ $ $ARGS $arguments a"),
    ("${@:2}", "a b c", "b c"),
    ("${@:2:2}", "a b c d", "b c"),
    ("${@:0}", "a b", "a b"),
    ("${@:99} ${@:1:0}", "a", " "),
    ("x${@:2}y", "a b c", "xb cy"),
    ("Run $1 on ${@:2:2}, then $@", "lint f g h", "Run lint on f g, then lint f g h"),
    ("${1:-all} ${2:-of it}", "some", "some of it"),
    ("${1:-all}", '""', "all"),
    ("${2:-$1} ${1}", "a", "a a"),
    ("${@:-nothing} ${ARGUMENTS:-at all}", "", "nothing at all"),
    ("$ARGUMENTS[0] of $ARGUMENTS[7]", "a b", "a of "),
    ("$1 doesn't", "'it's fine'", "it's fine doesn't"),
    ("${1:2} $1", "a", "${1:2} a"),
    (r"Price: \$1", "", "Price: \\"),
]


@pytest.mark.parametrize(("typed", "words"), ARGUMENTS)
def test_arguments_are_taken_apart_as_by_a_shell_but_apostrophes_are_letters(
    typed: str, words: list[str]
) -> None:
    assert arguments(typed) == words


@pytest.mark.parametrize(("body", "typed", "text"), PLACES)
def test_arguments_go_where_the_text_has_a_place_for_them(body: str, typed: str, text: str) -> None:
    words = arguments(typed)

    assert expand(body, words, all_of(typed, words)) == (text,)


def test_arguments_without_a_place_come_last_and_are_not_lost() -> None:
    assert expand("Translate this.", ["good", "night"]) == ("Translate this.\n\ngood night",)
    assert expand("Translate this.", []) == ("Translate this.",)
    assert expand("Only the {{stdin}}.", ["x"]) == ("Only the ", ".\n\nx")


@pytest.mark.parametrize(
    ("body", "typed", "text"),
    [
        ("Fix $1", "12 with care", "Fix 12\n\nwith care"),
        ("Fix $1", "12", "Fix 12"),
        ("$2 for $1", "a b c 'd e'", "b for a\n\nc d e"),
        ("${1:-x}", "a b", "a\n\nb"),
        ("$ARGUMENTS[0] of $ARGUMENTS[1]", "a b c", "a of b\n\nc"),
        ("Fix $1", "12 like\n  so:\n    x  y", "Fix 12\n\nlike\n  so:\n    x  y"),
        ("$1: ${@:2}", "a b\n  c", "a: b\n  c"),
        ("$1 {${@:9}}", "a b\nc", "a {}"),
        ("$3", "a b\nc", "c"),
        ("$4", "a b\nc", ""),
        ("$1 and ${@:2:1}", "a b c d", "a and b"),
        ("$1 of $@", "a b c", "a of a b c"),
        ("${2:-$1}", "a", "a"),
        ("", "a b", "a b"),
    ],
)
def test_what_stands_behind_the_last_argument_with_a_number_comes_last(
    body: str, typed: str, text: str
) -> None:
    words = arguments(typed)

    assert expand(body, words, all_of(typed, words)) == (text,)


@given(st.lists(st.text("ab'\"\n", min_size=1, max_size=4), max_size=6), st.integers(1, 4))
def test_words_of_a_command_line_are_taken_as_they_are(words: list[str], last: int) -> None:
    body = " ".join(f"${number}" for number in range(1, last + 1))
    (text,) = expand(body, words)

    assert all(word in text for word in words)


def test_several_lines_stay_as_they_were_typed() -> None:
    typed = ' def f():\n    return "a  b"\n'
    words = arguments(typed)

    assert expand("Look: $@", words, all_of(typed, words)) == ('Look: def f():\n    return "a  b"',)


def test_a_text_is_parted_where_standard_input_goes_and_an_argument_parts_nothing() -> None:
    assert expand("a {{stdin}} b {{ stdin }}c $1", ["{{stdin}}"]) == ("a ", " b ", "c {{stdin}}")
    assert OwnCommand("x", "a {{stdin}}").wants_stdin
    assert not OwnCommand("x", "a {{other}} $1").wants_stdin


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), max_size=5))
def test_what_is_quoted_is_one_argument_whatever_it_holds(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]

    assert arguments(" ".join(quoted)) == words


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_letter_of_what_is_typed_without_quotes_is_lost(typed: str) -> None:
    bare = "".join(char for char in typed if char not in "\\\"'")

    assert "".join(arguments(bare)) == "".join(bare.split())


@given(
    st.text(st.sampled_from("$@{}:-123ARGUMENTS stdin[]"), max_size=40),
    st.lists(st.text("ab$1@{}", min_size=1, max_size=4), max_size=3),
)
def test_any_text_takes_any_arguments(body: str, words: list[str]) -> None:
    parts = expand(body, words)

    assert len(parts) == 1 + body.count("{{stdin}}") or "{{ " in body or " }}" in body


def test_a_file_says_how_its_one_message_is_asked() -> None:
    head = (
        "description: Review: it\nargument_hint: [pr] [prio]\nmodel: haiku\neffort: low\n"
        "prefill: '1. '\nchoose:\n- yes\n- no\nattach: [a.png, 'b c.txt']\nextract: python\n"
        "allowed-tools: Bash\nhooks:\n  Stop: x"
    )
    own = make("r", from_yaml(head), "\n\nGo !`git log` on.\n\n```!\nrm x\n```\u202e\n")

    assert (own.description, own.hint, own.usage) == ("Review: it", "[pr] [prio]", "/r [pr] [prio]")
    assert (own.model, own.effort, own.prefill, own.extract) == ("haiku", "low", "1. ", "python")
    assert (own.choose, own.attach) == (("yes", "no"), ("a.png", "b c.txt"))
    assert own.unknown == ("allowed-tools", "hooks")
    assert own.shell == ("git log", "rm x")
    assert (own.body[:2], own.hidden) == ("Go", 1)
    assert dict(own.values())["choose"] == "yes, no"
    assert "description" not in dict(own.values())


def test_what_a_file_does_not_say_is_empty() -> None:
    own = make("r", {}, "# Say $1\n\nmore")

    assert list(own.values()) == []
    assert (own.usage, own.summary) == ("/r [ARGUMENTS]", "Say $1")
    assert make("r", {}, "x" * 99).summary == "x" * 59 + "…"
    assert make("r", {}, "\n").summary == ""
    assert make("r", {}, "").usage == "/r"
    assert make("r", {"argument-hint": FrontValue(parts=("a", "b"))}, "").hint == "[a] [b]"


@pytest.mark.parametrize(
    ("written", "extract"), [("yes", ""), ("true", ""), ("no", None), ("sql", "sql")]
)
def test_a_block_is_cut_out_of_the_reply_of_any_language_or_of_one(
    written: str, extract: str | None
) -> None:
    assert make("r", {"extract": FrontValue(written)}, "").extract == extract


def test_the_model_may_be_the_one_that_is_there_and_items_may_be_switched_off() -> None:
    assert make("r", {"model": FrontValue("inherit")}, "").model == ""
    assert make("r", {"each": FrontValue("false")}, "").each == ""
    assert make("r", {"each": FrontValue("items.csv")}, "").each == "items.csv"
    assert make("r", {"rows": FrontValue(parts=("name", "age int"))}, "").rows == "name, age int"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("effort: huge", "effort is one of low, medium"),
        ("schema: a.json\nchoose: a, b", "schema and choose exclude each other"),
        ("rows: a\n# no\nschema: b", "schema and rows exclude each other"),
        ("description: x\nmodel:\n  name: x", "model takes a text or a list"),
    ],
)
def test_what_fits_nothing_is_refused(head: str, words: str) -> None:
    with pytest.raises(FrontError, match=words) as refused:
        make("r", from_yaml(head), "")
    assert head.split("\n")[refused.value.line - 2].startswith(tuple(words.split()))
