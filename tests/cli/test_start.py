import json
import os
import sys
from pathlib import Path

import pytest

from chatrepl.cli import chat, stdin
from chatrepl.cli.assemble import configuration
from chatrepl.cli.command_line import options_of
from chatrepl.cli.start import run
from chatrepl.core.errors import ChatreplError, ConfigError, UsageError
from tests.cli.given import settle


@pytest.fixture
def out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> pytest.CaptureFixture[str]:
    settle(monkeypatch, tmp_path)
    monkeypatch.setattr(stdin, "is_keyboard", lambda: True)
    return capsys


def test_the_version_is_printed(out: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert out.readouterr().out.startswith("chatrepl ")


@pytest.mark.parametrize("named", ["claude-opus-5-5,", " claude-opus-5-5 ", "claude-opus-5-5"])
def test_a_comma_beside_one_model_is_no_part_of_its_name(named: str) -> None:
    assert configuration(options_of(["-m", named, "hello"])).settings.model == "claude-opus-5-5"


def test_a_keyboard_and_no_question_make_a_chat(
    out: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "chat", lambda *_args, **_more: 42)

    assert run(["-m", "opus"]) == 42


def test_a_question_is_a_single_shot(out: pytest.CaptureFixture[str]) -> None:
    assert run(["--demo", "hello", "-q"]) == 0
    assert out.readouterr().out


def test_a_dry_run_needs_no_chat(out: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChatreplError, match="no question"):
        run(["--dry-run"])


def test_a_dry_run_sends_nothing_where_one_would_stay_either(
    out: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "chat", lambda *_args, **_more: 42)

    assert run(["--dry-run", "-i", "hello"]) == 0
    assert '"hello"' in out.readouterr().out


def test_an_empty_name_is_no_configuration_file(out: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="The FILE of --config is empty"):
        run(["--config", "", "hello"])


def test_an_error_is_an_object_where_one_is_asked_for(out: pytest.CaptureFixture[str]) -> None:
    for manner in ("json", "jsonl"):
        with pytest.raises(ConfigError):
            run(["-o", manner, "--set", "x=1", "hello"])
    first, second = map(json.loads, out.readouterr().out.splitlines())

    assert first["error"]["message"] == second["error"]["message"]
    assert second["type"] == "result"


def test_a_closed_stdout_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(ChatreplError, match="closed"):
        run(["hello"])
    with pytest.raises(ChatreplError, match="closed"):
        run(["--help"])


def _state(home: Path) -> Path:
    state = home / ".local" / "state" / "chatrepl"
    state.mkdir(parents=True, mode=0o700)
    return state


@pytest.mark.parametrize("where", ["folder", "folder above", "target"])
def test_a_state_folder_that_others_may_change_is_said(
    out: pytest.CaptureFixture[str], tmp_path: Path, where: str
) -> None:
    open_one = state = _state(tmp_path)
    if where == "folder above":
        open_one = state.parent
    if where == "target":
        state.rmdir()
        open_one = tmp_path / "elsewhere"
        open_one.mkdir()
        state.symlink_to(open_one)
    run(["--demo", "hello", "--dry-run"])
    assert "changed by others" not in out.readouterr().err
    open_one.chmod(0o770)
    run(["--demo", "hello", "--dry-run"])
    said = f"{open_one} can be changed by others, and conversations are kept there."
    assert f"{said} chmod go-w {open_one} mends it." in out.readouterr().err
    run(["--demo", "hello", "--dry-run", "--no-save"])
    assert "changed by others" not in out.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
def test_nothing_is_kept_in_a_folder_that_is_somebody_else_s(
    out: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    state = _state(tmp_path)
    os.chown(state, 4242, 4242)
    assert run(["--demo", "hello"]) == 0
    with pytest.raises(ChatreplError, match="Saving is off"):
        run(["--demo", "hello", "--save", "mine"])
    assert f"{state} belongs to somebody else, so nothing is kept there." in out.readouterr().err
    assert list(state.iterdir()) == []
