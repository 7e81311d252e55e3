import shlex

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.mentions import find_mentions
from chatrepl.core.typed_words import escaped, unescaped, words_of

NAMES = st.text("abä \\'\"(é日", min_size=1, max_size=12)


@given(NAMES)
def test_an_escaped_word_stays_one_and_is_read_back(name: str) -> None:
    word = escaped(name)

    assert unescaped(word) == name
    assert shlex.split(word) == [name]
    assert [m.path for m in find_mentions(f"@{word}", lambda path: path == name)] == [name]


def test_the_last_word_is_the_one_that_is_being_typed() -> None:
    assert words_of("/image my\\ fi") == ["/image", "my\\ fi"]
    assert words_of("a\nb ") == ["a", "b", ""]
