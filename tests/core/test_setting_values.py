import datetime as dt
import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import Option, check, parse, shown
from chatrepl.core.settings import OPTIONS
from tests.core.making import JSON

_KEYS = st.sampled_from(list(OPTIONS.values()))
_BLANKLESS = st.text("abc", min_size=1, max_size=5)


@given(_KEYS, JSON | st.floats() | st.lists(_BLANKLESS) | st.dictionaries(_BLANKLESS, _BLANKLESS))
def test_a_value_is_taken_or_refused_in_one_line(opt: Option, value: object) -> None:
    try:
        taken = check(opt, value)
    except ConfigError as error:
        message = error.message
    else:
        assert check(opt, taken) == taken
        return
    assert message.startswith(opt.key)
    assert len(message) < 200


@given(_KEYS, st.text())
def test_a_typed_value_is_taken_or_refused(opt: Option, text: str) -> None:
    try:
        taken = parse(opt, text)
    except ConfigError as error:
        taken = None
        assert error.message.startswith(opt.key)  # noqa: PT017 - either way is right
    assert taken is None or check(opt, taken) == taken


@given(st.lists(_BLANKLESS), st.dictionaries(_BLANKLESS, _BLANKLESS))
def test_lists_and_tables_are_read_with_commas_or_as_json(
    words: list[str], table: dict[str, str]
) -> None:
    listed, headers = OPTIONS["stop_sequences"], OPTIONS["headers"]
    assert parse(listed, ",".join(words)) == parse(listed, json.dumps(words)) == tuple(words)
    pairs = ",".join(f"{name}: {value}" for name, value in table.items())
    assert parse(headers, pairs) == parse(headers, json.dumps(table)) == table


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
def test_a_command_is_a_list_of_words_or_a_text_that_is_split(words: list[str]) -> None:
    opt = OPTIONS["api_key_command"]
    assert shlex.split(check(opt, words)) == shlex.split(parse(opt, json.dumps(words))) == words
    assert parse(opt, "pass show 'a b'") == check(opt, "pass show 'a b'") == "pass show 'a b'"
    with pytest.raises(ConfigError, match="takes a command: a list of words"):
        check(opt, [*words, 1])


def test_a_bracket_may_be_a_stop_sequence() -> None:
    assert parse(OPTIONS["stop_sequences"], "[,x") == ("[", "x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retries", True),
        ("retries", 1.0),
        ("retries", -1),
        ("timeout_s", float("nan")),
        ("timeout_s", float("inf")),
        ("timeout_s", 10**400),
        ("timeout_s", 0.5),
        ("context.warn_at", 1.1),
        ("web", 1),
        ("model", " "),
        ("effort", "huge"),
        ("stop_sequences", [" "]),
        ("stop_sequences", ["a", 1]),
        ("headers", {"a b": "c"}),
        ("headers", {"a": "b\r\nc: d"}),
        ("headers", {"a": "€"}),
        ("headers", {1: "a"}),
        ("headers", {"a": 1}),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError):
        check(OPTIONS[key], value)


def test_a_huge_number_is_refused_in_few_words() -> None:
    with pytest.raises(ConfigError, match="not so large a number"):
        check(OPTIONS["max_tokens"], -(10**5000))


@pytest.mark.parametrize("text", ["sk-ant-123", "[", "{bad json"])
def test_a_table_that_is_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(OPTIONS["headers"], text)
    assert text not in caught.value.message


def test_deep_json_is_refused() -> None:
    with pytest.raises(ConfigError):
        parse(OPTIONS["headers"], '{"a":' * 100_000)


@pytest.mark.parametrize("text", ["On", " true ", "YES", "1"])
def test_a_switch_takes_words(text: str) -> None:
    assert parse(OPTIONS["web"], text) is True


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("off", False), ("fetch", "fetch"), (True, True), (False, False)],
)
def test_a_switch_may_have_words_of_its_own(word: str | bool, value: str | bool) -> None:
    web = OPTIONS["web"]
    assert check(web, word) == value
    assert web.offered == ("true", "false", "fetch")
    if isinstance(word, str):
        assert parse(web, word.upper() if word != "fetch" else word) == value
        with pytest.raises(ConfigError, match="code takes true or false, not"):
            check(OPTIONS["code"], word)


@given(st.text())
def test_what_is_repeated_in_a_message_is_short(text: str) -> None:
    assert len(shown(text)) <= 60
    assert shown(text).isprintable()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("model", dt.date(2020, 1, 2), "not 2020-01-02."),
        (
            "retries",
            dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
            "not 2020-01-02T00:00:00+00:00.",
        ),
        ("effort", dt.time(3, 4), "not 03:04:00."),
        ("stop_sequences", ("a", ["b"]), "not ['a', ['b']]."),
        ("stop_sequences", [" "], "not [' ']."),
        ("save", (), "not []."),
    ],
)
def test_a_value_is_refused_as_it_was_written(key: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(OPTIONS[key], value)
    assert caught.value.message.endswith(words)
