"""What a shell is offered for the value of an option."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from chatrepl.cli.app import completion_script
from chatrepl.cli.offers import join_equals, offer
from chatrepl.core.settings import OPTIONS
from chatrepl.storage.paths import find_folders
from tests.cli.given import settle
from tests.storage.test_library import save


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    settle(monkeypatch, tmp_path)
    return tmp_path


def offered(name: str, text: str = "", **given: object) -> list[str]:
    complete = offer(name)
    assert complete is not None
    return [value for value, _ in complete(SimpleNamespace(params=given), text)]


def _configure(home: Path, text: str) -> None:
    path = home / ".config" / "chatrepl" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("model", "claude-haiku-4", "claude-haiku-4-5"),
        ("extract", "rus", "rust"),
        ("set_", "cache.t", "cache.ttl="),
        ("set_", "theme=li", "theme=light"),
        ("set_", "save=", "save=true"),
        ("set_", "web.on=f", "web.on=false"),
        ("set_", "fallback_models=claude-op", "fallback_models=claude-opus-"),
        ("set_", "context.policy=r", "context.policy=relevant"),
    ],
)
def test_a_value_is_offered_by_its_beginning(name: str, text: str, first: str) -> None:
    values = offered(name, text)

    assert values[0].startswith(first)
    assert all(value.startswith(text) for value in values)


def test_every_setting_is_offered_with_its_meaning() -> None:
    complete = offer("set_")
    assert complete is not None
    assert dict(complete(SimpleNamespace(params={}), "")) == {
        f"{key}=": opt.about for key, opt in OPTIONS.items()
    }


def test_profiles_are_those_of_the_file_that_the_line_names(home: Path) -> None:
    _configure(home, "[profiles.work]\n[profiles.home]\n")
    other = home / "other.toml"
    other.write_text("[profiles.third]\n", encoding="utf-8")

    assert offered("profile") == ["work", "home"]
    assert offered("profile", "w", profile="w") == ["work"]
    assert offered("profile", config=str(other)) == ["third"]


def test_tools_and_servers_are_those_of_the_file_and_the_profile(home: Path) -> None:
    _configure(
        home,
        "[tools.lines]\ncommand = 'wc -l'\n[profiles.work.tools.words]\ncommand = 'wc -w'\n"
        "[mcp.far]\nurl = 'https://example.com/mcp?key=hunter2'\n",
    )

    assert offered("tool") == ["lines"]
    assert offered("tool", "w", profile="work") == ["words"]
    assert offered("mcp") == ["far"]
    complete = offer("mcp")
    assert complete is not None
    assert "hunter2" not in str(complete(SimpleNamespace(params={}), ""))


@pytest.mark.parametrize("name", ["model", "profile", "tool", "mcp"])
def test_where_the_settings_cannot_be_read_nothing_is_offered(home: Path, name: str) -> None:
    _configure(home, "model = [")
    assert offered(name) == offered("set_", "nonesuch=") == []


def test_conversations_are_offered_by_name_or_by_id(home: Path) -> None:
    folder = find_folders().conversations
    assert folder is not None
    folder.mkdir(parents=True)
    for name in ("sieve", "two words", ""):
        save(folder, f"id{len(name)}", "why?", name=name)
    values = offered("resume")

    assert sorted(values) == ["id0", "id9", "sieve"]
    assert offered("resume", "s") == ["sieve"]
    assert offered("resume", "id5") == ["id5"]


@pytest.mark.parametrize("name", ["attach", "schema", "config", "system", "save"])
def test_files_and_free_words_are_left_to_the_shell(name: str) -> None:
    assert offer(name) is None


@pytest.mark.parametrize(
    ("words", "at", "joined", "then"),
    [
        ("c --set theme = da", 4, "c --set theme=da", 2),
        ("c --set theme =", 3, "c --set theme=", 2),
        ("c --set a = 1 --set theme = da", 8, "c --set a=1 --set theme=da", 4),
        ("c --model = x hi", 4, "c --model=x hi", 2),
        ("c hi", 1, "c hi", 1),
    ],
)
def test_what_bash_takes_apart_is_joined(words: str, at: int, joined: str, then: int) -> None:
    environ = {
        "_CHATREPL_COMPLETE": "complete_bash",
        "COMP_WORDS": words.replace(" ", "\n"),
        "COMP_CWORD": str(at),
    }
    join_equals(environ)
    assert (environ["COMP_WORDS"].split("\n"), environ["COMP_CWORD"]) == (
        joined.split(" "),
        str(then),
    )


def test_other_shells_and_odd_lines_stay_as_they_are() -> None:
    for environ in (
        {"_CHATREPL_COMPLETE": "complete_zsh", "COMP_WORDS": "a\n=\nb", "COMP_CWORD": "2"},
        {"_CHATREPL_COMPLETE": "complete_bash", "COMP_WORDS": "a\n=\nb", "COMP_CWORD": "x"},
    ):
        before = dict(environ)
        join_equals(environ)
        assert environ == before


def test_bash_itself_gets_values_and_no_blank_after_a_key(tmp_path: Path) -> None:
    chatrepl = tmp_path / "chatrepl"
    chatrepl.write_text(f"#!/bin/sh\nexec {sys.executable} -m chatrepl\n", encoding="utf-8")
    chatrepl.chmod(0o700)
    script = completion_script("bash") + (
        'try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); '
        f'_chatrepl_completion {chatrepl} "${{!#}}" 2>/dev/null; echo "${{COMPREPLY[@]}}"; }}\n'
        "try chatrepl --set theme = da\ntry chatrepl --set cache.t\ntry chatrepl -x pytho\n"
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["dark", "cache.ttl=", "python python2 python3"]
