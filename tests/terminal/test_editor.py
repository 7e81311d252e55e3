"""The user's own editor."""

import os
from pathlib import Path

import pytest

from chatrepl.terminal.editor import Edited, edit, find_editor


def script(folder: Path, body: str) -> str:
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return f"'{path}' --wait"


def test_visual_goes_before_editor_and_words_are_split() -> None:
    assert find_editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert find_editor({"VISUAL": "", "EDITOR": "vi"}) == ["vi"]
    assert find_editor({"VISUAL": "'broken", "EDITOR": "vi"}) == ["vi"]
    assert find_editor({"PATH": "/nowhere"}) == []


def test_the_text_is_given_and_taken_back(tmp_path: Path) -> None:
    command = script(tmp_path, 'printf " more" >> "$2"')
    assert edit("draft é", {"EDITOR": command}) == Edited("draft é more")


@pytest.mark.parametrize(("text", "left"), [("a", "b"), ("a\n", "b\n")])
def test_the_newline_that_editors_add_is_taken_away(tmp_path: Path, text: str, left: str) -> None:
    assert edit(text, {"EDITOR": script(tmp_path, 'echo b > "$2"')}) == Edited(left)


def test_the_file_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f'stat -c "%a %n" "$2" > {log}; stat -c %a "$(dirname "$2")" >> {log}'
    edit("x", {"EDITOR": script(tmp_path, body)})
    (mode, name), (folder_mode,) = (line.split() for line in log.read_text().splitlines())
    assert (mode, folder_mode) == ("600", "700")
    assert name.endswith(".md")
    assert not os.path.lexists(name)


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"EDITOR": "false"}, "false ended with code 1: nothing was changed"),
        ({"EDITOR": "/no/such/editor"}, "/no/such/editor: No such file or directory"),
        ({"PATH": "/nowhere"}, "no editor found: set EDITOR"),
    ],
)
def test_what_fails_is_said_and_the_text_stays(environ: dict[str, str], fault: str) -> None:
    assert edit("draft", environ) == Edited("draft", fault)


def test_what_was_saved_is_kept_where_a_signal_ends_the_editor(tmp_path: Path) -> None:
    command = script(tmp_path, 'echo saved > "$2"; kill -HUP $$')
    words = f"{tmp_path / 'my editor'} was ended by a signal"
    assert edit("draft", {"EDITOR": command}) == Edited("saved", words)


def test_a_shell_command_in_the_variable_is_not_run_by_a_shell(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    edit("x", {"EDITOR": f"true; touch {target}"})
    assert not target.exists()


def test_bytes_that_are_no_text_are_taken_as_far_as_they_are(tmp_path: Path) -> None:
    assert edit("x", {"EDITOR": script(tmp_path, "printf 'a\\377b' > \"$2\"")}).text == "a\ufffdb"
