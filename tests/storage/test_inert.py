import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.storage.records import dumps, line, loads

ANY = st.text(st.characters(codec=None))


@given(ANY)
def test_any_text_comes_back_exactly(text: str) -> None:
    assert loads(line(text)) == text


@given(ANY)
def test_a_line_is_inert_on_a_terminal(text: str) -> None:
    written = line(text).decode()
    assert written.endswith("\n")
    kinds = {unicodedata.category(char) for char in written[:-1]}
    assert not kinds & {"Cc", "Cs"}
    assert not {"\u202e", "\u2066", "\u200f", "\u2028", "\U000e0041"} & set(written)


def test_what_people_read_stays_readable() -> None:
    assert dumps({"text": "Grüße, 世界 🙂"}) == '{"text":"Grüße, 世界 🙂"}'


def test_what_would_act_on_a_terminal_is_escaped() -> None:
    text = "\x1b]0;x\x07\x9b\u202e\ud800\U000e0041"
    written = dumps(text)
    assert written.isascii()
    assert json.loads(written) == text


def test_what_json_does_not_know_is_written_all_the_same() -> None:
    assert loads(line({"a": frozenset({"y", "x"}), "b": {1: object}})) is not None
