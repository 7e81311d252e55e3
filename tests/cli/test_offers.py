"""What a shell is offered for the value of an option."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from chatrepl.cli.command_line import read_strictly
from chatrepl.cli.offers import offer
from chatrepl.cli.options import FLAGS
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
        ("model", "opus,haiku,claude-sonnet-5-", "opus,haiku,claude-sonnet-5-5"),
        ("extract", "rus", "rust"),
        ("set_", "cache.t", "cache.ttl="),
        ("set_", "theme=li", "theme=light"),
        ("set_", "save=", "save=true"),
        ("set_", "system=", "system=@"),
        ("system", "", "@"),
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


@pytest.mark.parametrize("name", ["attach", "schema", "config", "input_", "save"])
def test_files_and_free_words_are_left_to_the_shell(name: str) -> None:
    assert offer(name) is None


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("--usage ", ["today", "7d", "month", "all"]),
        ("--usage m", ["month"]),
        ("--show-completion z", ["zsh"]),
        ("--install-completion p", ["powershell", "pwsh"]),
        ("--profile=w", ["work"]),
        ("--set=theme=da", ["theme=dark"]),
        ("'unfinished ", []),
        ("why ", []),
        ("", []),
    ],
)
def test_a_line_is_answered_by_values(
    line: str, values: list[str], home: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    _configure(home, "[profiles.work]\n")
    assert [value for value, _ in asked(line, capsys, monkeypatch)] == values


def test_each_option_is_offered_with_its_whole_meaning_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asked("-", capsys, monkeypatch)
    assert answers == [(name, flag.about) for flag in FLAGS.values() for name in flag.names]


def test_what_would_act_in_a_shell_is_offered_by_its_id_and_shown_as_text(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = find_folders().conversations
    assert folder is not None
    folder.mkdir(parents=True)
    names = [
        "\\$(touch x)",
        "a;b",
        "`x`",
        "*",
        "a'b",
        '"',
        "-x",
        "\x1b]0;x\x07",
        "a\tb",
        "#x",
        "=ls",
    ]
    for number, name in enumerate(names):
        save(folder, f"id{number}", "why?", name=name)
    answers = dict(asked("-r ", capsys, monkeypatch))

    assert sorted(answers) == sorted(f"id{number}" for number in range(len(names)))
    assert all(text.isprintable() for text in answers.values())
    assert answers["id0"].endswith(names[0])


def asked(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """Give what a shell gets for a line that was typed so far."""
    monkeypatch.setenv("_CHATREPL_COMPLETE", "complete_tab")
    monkeypatch.setenv("_CHATREPL_LINE", f"chatrepl {line}")
    with pytest.raises(SystemExit):
        read_strictly([])
    rows = [row.partition("\t") for row in capsys.readouterr().out.splitlines()]
    return [(value, about) for value, _, about in rows if value]
