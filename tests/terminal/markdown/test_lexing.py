"""A line through a lexer."""

from pygments.lexers import get_lexer_by_name

from chatrepl.terminal.markdown.highlight import first_stack, lex_line


def test_the_state_goes_from_line_to_line() -> None:
    lexer = get_lexer_by_name("python")
    first = first_stack(lexer)
    _, inside = lex_line(lexer, "x = '''a", first)
    assert inside != first
    _, after = lex_line(lexer, "b'''", inside)
    assert after == first


def test_lexers_without_rules_or_with_their_own_way_begin_each_line_anew() -> None:
    for name in ("json", "yaml"):
        lexer = get_lexer_by_name(name)
        kinds, stack = lex_line(lexer, '{"a": [1', first_stack(lexer))
        assert "".join(part for _, part in kinds) == '{"a": [1'
        assert stack == first_stack(lexer)


def test_a_state_that_a_lexer_does_not_have_is_survived() -> None:
    lexer = get_lexer_by_name("c")
    kinds, stack = lex_line(lexer, "int x;", ("no such state",))
    assert [part for _, part in kinds] == ["int x;"]
    assert stack == first_stack(lexer)


def test_every_piece_has_the_kind_that_its_rule_gives_it() -> None:
    lexer = get_lexer_by_name("python")
    kinds, _ = lex_line(lexer, "import os", first_stack(lexer))

    assert [(str(kind), part) for kind, part in kinds if part] == [
        ("Token.Keyword.Namespace", "import"),
        ("Token.Text.Whitespace", " "),
        ("Token.Name.Namespace", "os"),
    ]
