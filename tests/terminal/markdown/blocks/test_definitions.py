"""Link definitions."""

from chatrepl.terminal.markdown.blocks.starts import References, take_definitions


def test_definitions_are_taken_off_and_the_rest_is_left() -> None:
    known: dict[str, References] = {}
    found, rest = take_definitions(["[A b]: /x 'T'", "[c]:", "<y z>", "text", "[d]: /no"], known)
    assert [(one.label, one.url, one.title) for one in found] == [
        ("A b", "/x", "T"),
        ("c", "y%20z", ""),
    ]
    assert rest == ["text", "[d]: /no"]
    assert set(known) == {"A B", "C"}


def test_the_first_definition_of_a_label_holds() -> None:
    known: dict[str, References] = {}
    found, _ = take_definitions(["[a]: /one", "[A]: /two"], known)
    assert len(found) == 2
    assert known["A"]["href"] == "/one"
    take_definitions(["[a]: /three"], known)
    assert known["A"]["href"] == "/one"


def test_what_is_no_definition_is_left() -> None:
    lines = ["[a] b", "[c]: /d"]
    assert take_definitions(lines, {}) == ([], lines)
