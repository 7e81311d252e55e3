"""A line through a lexer."""

from pygments.lexer import RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Keyword, String

from chatrepl.terminal.markdown.highlight import first_stack, lex_line, rules_of


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


def test_pygments_keeps_its_compiled_rules_where_we_read_them() -> None:
    lexer = get_lexer_by_name("python")
    assert isinstance(lexer, RegexLexer)
    rules = rules_of(lexer)
    assert {"root", "expr", "tdqs"} <= set(rules)
    match, _, _ = rules["root"][0]
    assert callable(match)


def test_line_by_line_a_lexer_says_what_it_says_of_the_whole() -> None:
    lexer = get_lexer_by_name("python")
    source = 'def f(x):\n    return """a\nb""" if x else None\n'
    whole = [(kind, part) for _, kind, part in lexer.get_tokens_unprocessed(source)]
    stack, lines = first_stack(lexer), []
    for line in source.splitlines():
        kinds, stack = lex_line(lexer, line, stack)
        lines += [(kind, part) for kind, part in kinds if part]
    assert lines == [(kind, bare) for kind, part in whole if (bare := part.replace("\n", ""))]
    assert {Keyword, String.Double} <= {kind for kind, _ in lines}


def test_every_piece_has_the_kind_that_its_rule_gives_it() -> None:
    lexer = get_lexer_by_name("python")
    kinds, _ = lex_line(lexer, "import os", first_stack(lexer))

    assert [(str(kind), part) for kind, part in kinds if part] == [
        ("Token.Keyword.Namespace", "import"),
        ("Token.Text.Whitespace", " "),
        ("Token.Name.Namespace", "os"),
    ]
