"""`--local` points a run at a child of ours, and leaves nothing of it behind."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.cli import local
from chatrepl.cli.command_line import read
from chatrepl.cli.learned import learned_files
from chatrepl.cli.local import with_local_model
from chatrepl.cli.options import Options
from chatrepl.config.load import Config, load
from chatrepl.core.settings import Settings
from tests.local.test_child import FAKE


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "Small.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr(local, "server_command", lambda: FAKE)
    return file


def _settings(model: Path, settings: Settings) -> Config:
    loaded = replace(load(environ={}), settings=settings)
    with with_local_model(Options(local=str(model), quiet=True), loaded) as pointed:
        return pointed


def test_requests_go_to_the_child_with_its_key_alone(model: Path) -> None:
    given = replace(Settings(), api_key_command="print-key", headers={"x-other": "secret"})
    pointed = _settings(model, given)
    settings = pointed.settings

    assert settings.base_url.startswith("http://127.0.0.1:")
    assert list(settings.headers) == ["x-api-key"]
    assert (settings.api_key_command, settings.model) == ("", "small")
    assert settings.max_tokens + settings.context_budget_tokens <= 8192
    assert pointed.origins["base_url"] == pointed.origins["context.budget_tokens"] == "--local"
    assert pointed.origins["theme"] == "default"


def test_what_was_set_of_its_length_stays(model: Path) -> None:
    given = replace(Settings(), max_tokens=9, context_budget_tokens=99)
    settings = _settings(model, given).settings

    assert (settings.max_tokens, settings.context_budget_tokens) == (9, 99)


def test_nothing_is_kept_of_a_server_that_has_another_address_next_time(model: Path) -> None:
    settings = _settings(model, Settings()).settings

    assert not learned_files(settings).keeps
    assert learned_files(replace(settings, base_url="http://127.0.0.1:8080")).keeps


def test_one_line_says_that_it_is_loaded(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with with_local_model(Options(local=str(model)), load(environ={})):
        assert capsys.readouterr().err.count("\n") == 1
    sys.stderr.flush()


@pytest.mark.parametrize(
    ("line", "value", "prompt"),
    [
        (["--local", "hi"], "", ["hi"]),
        (["--local", "a/B.GGUF", "hi"], "a/B.GGUF", ["hi"]),
        (["--local"], "", []),
        (["--local=llama3.2", "hi"], "llama3.2", ["hi"]),
    ],
)
def test_a_file_after_local_is_its_value(line: list[str], value: str, prompt: list[str]) -> None:
    assert read(line) == Options(local=value, prompt=prompt)
