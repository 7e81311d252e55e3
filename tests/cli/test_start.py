import json
import sys
from pathlib import Path

import pytest

from chatrepl.cli import chat, stdin
from chatrepl.cli.start import run
from chatrepl.core.errors import ChatreplError, ConfigError
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
    with pytest.raises(ConfigError, match="regular file"):
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
