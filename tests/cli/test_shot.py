import io
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from chatrepl.cli import stdin
from chatrepl.cli.connection import Connection
from chatrepl.cli.options import Options
from chatrepl.cli.shot import shoot
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.demo.server import Served, serve
from tests.cli.given import KEY, loaded, settle


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(stdin, "is_keyboard", lambda: True)
    with serve() as service:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=service.url)
        yield service


def shot(*words: str, **more: Any) -> tuple[int, str]:
    out = io.StringIO()
    return shoot(Options(prompt=list(words), **more), loaded(), out), out.getvalue()


def test_a_question_is_answered(served: Served) -> None:
    served.engine.script("say fine")

    code, out = shot("how", "are", "you?")

    assert (code, out.strip()) == (0, "fine")


def test_a_kept_answer_costs_its_exit_code_where_the_disk_refuses(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shot("hello", save="good")[0] == 0
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    code, out = shot("hello", save="bad")

    assert (code, bool(out)) == (1, True)


def test_the_service_is_greeted_only_while_stdin_takes_its_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeted = threading.Event()

    async def warm(_connection: Connection) -> None:
        greeted.set()

    def read() -> stdin.Piped:
        return stdin.Piped("hello" if greeted.wait(60) else "")

    monkeypatch.setattr(Connection, "warm", warm)
    monkeypatch.setattr(stdin, "is_keyboard", lambda: False)
    monkeypatch.setattr(stdin, "read", read)
    assert shot()[0] == 0

    greeted.clear()
    monkeypatch.setattr(stdin, "read", lambda: stdin.Piped("hello"))
    assert shot()[0] == 0
    assert not greeted.is_set()


def test_missing_credentials_matter_only_where_there_is_a_question(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_BASE_URL")

    with pytest.raises(UsageError):
        shot(" ")
    with pytest.raises(ApiError):
        shot("hello")
    assert served.requests == []


def test_who_answered_in_the_place_of_another_is_said(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    asked = Options(prompt=["demo: stop refusal bio"], model="opus-5-5")
    code = shoot(asked, loaded("model=opus-5-5", "fallback_models=opus-4-8"), out)
    assert (code, out.getvalue()) == (0, "`claude-opus-4-8` answers instead.\n")
    assert "answered by claude-opus-4-8" in capsys.readouterr().err
