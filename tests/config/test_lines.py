from hypothesis import given
from hypothesis import strategies as st

from chatrepl.config.file import find_lines, line_of

_NAMES = st.text("abcxyz_-", min_size=1, max_size=4)


@given(
    st.lists(
        st.tuples(_NAMES, st.lists(_NAMES, unique=True, max_size=3)),
        unique_by=lambda t: t[0],
        max_size=4,
    ),
    st.sampled_from(["{}", '"{}"', "'{}'"]),
    st.sampled_from(["", "  ", "\t"]),
)
def test_every_key_is_found_on_its_line(
    tables: list[tuple[str, list[str]]], quoting: str, indent: str
) -> None:
    lines = ["# a comment with = and [brackets]"]
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables:
        lines.append(f"{indent}[{quoting.format(table)}] # here")
        expected[table,] = len(lines)
        for key in keys:
            lines.append(f"{indent}{quoting.format(key)} = 1")
            expected[table, key] = len(lines)
    assert find_lines("\n".join(lines)) == expected


def test_dotted_keys_and_headers_are_taken_apart() -> None:
    text = 'cache . ttl = "1h"\n[profiles."my work".cache]\nenabled = true\n[[list]]\n'
    assert find_lines(text) == {
        ("cache", "ttl"): 1,
        ("profiles", "my work", "cache"): 2,
        ("profiles", "my work", "cache", "enabled"): 3,
        ("list",): 4,
    }


def test_what_looks_like_a_key_within_a_long_string_is_none() -> None:
    text = "a = \"\"\"\nb = 1 '''\n[c]\n\"\"\"\nd = '''x'''\ne = '''\nf = \"\"\"\n'''\ng = 1\n"
    assert find_lines(text) == {("a",): 1, ("d",): 5, ("e",): 6, ("g",): 9}


def test_a_key_in_an_inline_table_stands_on_the_tables_line() -> None:
    lines = find_lines('\nheaders = { a = "b" }\n')
    assert line_of(("headers", "a"), lines) == 2


def test_a_key_that_is_nowhere_has_line_0() -> None:
    assert line_of(("a", "b"), {("c",): 1}) == 0
