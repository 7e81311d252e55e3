import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chatrepl.cli.message import form_of
from chatrepl.cli.options import Options
from chatrepl.config.file import read_text
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.pages.reply_form import MOST_SCHEMA_BYTES, check_of, choice_form, schema_form
from tests.commands.playing import Player

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 2}}}


def test_a_schema_is_read_from_a_file_or_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")

    forms = [
        schema_form(text, "--schema", read_text) for text in (str(path), f" {json.dumps(SCHEMA)}")
    ]

    assert forms[0] == forms[1]
    check = check_of(forms[0])
    assert check is not None
    assert check({"n": 2}) is None
    assert "minimum" in str(check({"n": 1}))


@pytest.mark.parametrize("door", ["--schema", "/schema"])
def test_fields_in_a_few_words_are_a_schema(door: str) -> None:
    check = check_of(schema_form("name, age int?: in years", door, read_text))
    assert check is not None
    assert check({"name": "a", "age": None}) is None
    assert check({"name": "a", "age": "3"})
    assert check({"name": "a"})


NEITHER = [
    ("name", "no such file"), ("a b.json", "no such file"),
    ("name nt", "'nt' is no type"), ("a, a", "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NEITHER)
def test_what_is_neither_a_file_nor_fields_is_said(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        schema_form(text, "/schema", read_text)


def test_a_form_without_a_schema_is_held_against_nothing() -> None:
    assert check_of(None) is None
    assert check_of(Form.choose(("a", "b"))) is None


def test_no_form_is_asked_for_by_default() -> None:
    assert form_of(Options()) is None


@pytest.mark.parametrize(
    "words", [["yes, no,,yes "], ["yes", "no"], ["yes,", "no"], ["yes", "no", "yes"]]
)
def test_choices_are_words_or_parted_by_commas(words: Sequence[str]) -> None:
    assert choice_form(words, "--choose").choices == ("yes", "no")


def test_a_choice_among_words_may_hold_a_comma() -> None:
    for words in (["one, two", "three"], ['["one, two", "three"]']):
        assert choice_form(words, "/choose").choices == ("one, two", "three")
    assert choice_form(["[1,2]"], "/choose").choices == ("[1", "2]")
    deep = "[" * 9_999
    assert choice_form([f"{deep},a"], "/choose").choices == (deep, "a")


@pytest.mark.parametrize("choose", ["", "one", "one,one", ","])
def test_one_choice_is_none(choose: str) -> None:
    with pytest.raises(UsageError, match="at least two"):
        choice_form([choose], "--choose")


def test_a_flag_without_a_schema_says_what_it_takes() -> None:
    with pytest.raises(UsageError, match="--schema takes a file"):
        form_of(Options(schema=" "))


def words_of(ask: Callable[[], object]) -> str:
    with pytest.raises(ChatreplError) as caught:
        ask()
    assert caught.value.exit_code == 2
    return f"{caught.value.message} {caught.value.hint}"


def as_in_a_chat(words: str) -> str:
    """Say what is safe: a chat would send nothing now anyway."""
    return words.replace("Nothing was sent.", "The form of replies is as it was.")


def test_flag_and_command_refuse_a_schema_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"title": "\xe9"}')
    (tmp_path / "large").write_bytes(b" " * (MOST_SCHEMA_BYTES + 1))
    (tmp_path / "list").write_text("[1]")
    os.mkfifo(tmp_path / "fifo")
    rows = {
        f"{tmp_path}/latin": "not UTF-8",
        f"{tmp_path}/large": "larger than 1000 kB",
        f"{tmp_path}/list": "that is a JSON object",
        f"{tmp_path}/fifo": "not a regular file",
        f"{tmp_path}/none": "there is no such file",
        str(tmp_path): "not a regular file",
        "/dev/null": "not a regular file",
        "a\0b": "cannot be read",
        "~x/y": "there is no such folder",
        "{": "not valid JSON",
    }
    player = Player()
    for text, words in rows.items():
        flag = words_of(lambda text=text: form_of(Options(schema=text)))  # type: ignore[misc]
        command = words_of(lambda text=text: player.do(f"/schema {text}"))  # type: ignore[misc]

        assert words in flag
        assert command == as_in_a_chat(flag.replace("--schema", "/schema"))
    assert player.session.next.form is None


def test_flag_and_command_take_the_same_choices_and_refuse_in_the_same_words() -> None:
    player = Player()
    player.do("/choose yes,no")
    assert player.session.next.form == form_of(Options(choose="yes,no"))
    form = form_of(Options(choose="very good, bad"))
    assert form is not None
    assert form.choices == ("very good", "bad")

    flag = words_of(lambda: form_of(Options(choose="yes")))
    in_a_chat = as_in_a_chat(flag.replace("--choose", "/choose"))
    assert words_of(lambda: player.do("/choose yes")) == in_a_chat
