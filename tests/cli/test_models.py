import io
import json
from pathlib import Path

import pytest

from chatrepl.cli.models import show_models
from chatrepl.cli.options import Options
from chatrepl.demo.server import serve
from tests.cli.given import KEY, loaded, settle


def test_without_credentials_the_built_in_list_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    out = io.StringIO()

    assert show_models(Options(), loaded("model=opus-5-5"), out, None) == 0

    lines = out.getvalue().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["claude-opus-5-5"]
    assert list(tmp_path.iterdir()) == []


def test_the_services_list_is_fetched_once_a_day_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        for sets in (("save=false",), (), ()):
            out = io.StringIO()
            show_models(Options(json=True), loaded(*sets), out, None)
            assert json.loads(out.getvalue())["models"][0]["context_window"]

        assert len(served.requests) == 2  # with save off nothing is kept


def test_a_service_out_of_reach_leaves_the_built_in_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:9")
    out, err = io.StringIO(), io.StringIO()

    assert show_models(Options(), loaded(), out, err) == 0
    assert "claude-sonnet-5-5" in out.getvalue()
    assert "built-in" in err.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_on_a_terminal_no_row_is_wider_and_the_last_day_is_read_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int
) -> None:
    settle(monkeypatch, tmp_path, COLUMNS=str(width))
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)

    assert show_models(Options(), loaded(), out, None) == 0

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any("claude-sonnet-4-5 " in line and "2026-11-30" in line for line in lines)
