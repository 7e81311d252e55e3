"""A mistake in config.toml is told in words that say what to look for."""

import tomllib

import pytest

from chatrepl.config.toml_words import plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "opus\nweb = true\n', "a quote is not closed"),
        ('model = "opus', "a quote is not closed"),
        ("model = 'opus\nweb = true", "a quote is not closed"),
        ('system = """You are', "a quote is not closed"),
        ("model = opus", "this is no value; a text stands in quotes"),
        ("web = True", "this is no value; a text stands in quotes"),
        (r'folder = "C:\queue"', r"a backslash in double quotes is written \\; in single"),
        ("web = true\nweb = false", "a key is set twice"),
        ("[cache]\n[cache]", "a table begins twice"),
        ("max_tokens = 10 tokens", "something follows the value"),
        ("model", "a line is neither KEY = VALUE nor a [table]"),
        ("= 3", "a line is neither KEY = VALUE nor a [table]"),
        ("[cache", "a table's ] is missing"),
        ("betas = ['a', 'b'", "a bracket is not closed"),
        ("web = {allowed_domains = []\n", "a bracket is not closed"),
        ("web = true # \x01", r"Found invalid character '\x01'"),
    ],
)
def test_a_mistake_is_told_in_plain_words(text: str, words: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as error:
        tomllib.loads(text)
    assert plain(str(error.value)).startswith(words)
