import io
import json
from pathlib import Path

import pytest

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.pages import show_page
from chatrepl.commands.slash import run_line
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.outcome import Notice, Table
from chatrepl.demo.server import serve
from chatrepl.storage.paths import find_folders
from chatrepl.terminal.columns import table_text
from tests.cli.given import KEY, loaded, settle
from tests.cli.test_saved import keep

MODELS = Options(models=True)


def listed(*words: str, manner: str = "json") -> str:
    out = io.StringIO()
    options = Options(sessions=True, prompt=list(words), output=manner)
    assert show_page(options, loaded(), out) == 0
    return out.getvalue()


def test_words_are_looked_for_in_what_is_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    keep(Options(save="otters"), "Where do otters swim?")
    for words, count in (("OTTERS SWIM", 1), ("walrus", 0)):
        out = io.StringIO()
        assert show_page(Options(search=words, json=True), loaded(), out) == 0
        assert [one["turns"] for one in json.loads(out.getvalue())["found"]] == [[1]] * count
        out = io.StringIO()
        assert show_page(Options(search=words), loaded(), out) == 0
        assert out.getvalue().startswith("conversation  turns  places  where\n")
        assert ("otters swim?" in out.getvalue()) == bool(count)
    assert "walrus was not found" in capsys.readouterr().err


def test_a_saved_conversation_is_printed_in_every_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    keep(Options(save="otters"), "Where do otters swim?")
    for form, begins in (
        ("md", "# otters\n"), ("html", "<!doctype html>"), ("json", "{"), ("curl", "curl"),
        ("python", "from anthropic"),
    ):  # fmt: skip
        out = io.StringIO()
        assert show_page(Options(export=form, resume="otters"), loaded(), out) == 0
        assert out.getvalue().startswith(begins)
        assert "Where do otters swim?" in out.getvalue()
    assert not capsys.readouterr().err
    with pytest.raises(UsageError, match="--export writes a saved conversation"):
        show_page(Options(export="md"), loaded(), io.StringIO())
    with pytest.raises(StorageError, match="no saved conversation"):
        show_page(Options(export="md", resume="walrus"), loaded(), io.StringIO())


def test_each_page_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)
    pages = (
        (Options(models=True, demo=True, json=True), "models"),
        (Options(sessions=True, json=True), "sessions"),
        (Options(doctor=True, demo=True, json=True), "findings"),
    )
    for options, key in pages:
        out = io.StringIO()
        assert show_page(options, loaded(), out) == 0
        assert key in json.loads(out.getvalue())

    out = io.StringIO()
    assert show_page(Options(doctor=True, demo=True), loaded(), out) == 0
    assert "storage" in out.getvalue()


def test_without_credentials_the_built_in_list_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    out = io.StringIO()

    assert show_page(MODELS, loaded("model=opus-5-5"), out) == 0

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
            show_page(Options(models=True, json=True), loaded(*sets), out)
            assert json.loads(out.getvalue())["models"][0]["context_window"]

        assert len(served.requests) == 2  # with save off nothing is kept


def test_the_demo_engine_is_asked_and_its_list_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    out = io.StringIO()

    assert show_page(Options(models=True, demo=True), loaded(), out) == 0
    assert "claude-sonnet-5-5" in out.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_service_out_of_reach_leaves_the_built_in_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:9")
    out = io.StringIO()

    assert show_page(MODELS, loaded(), out) == 0
    assert "claude-sonnet-5-5" in out.getvalue()
    assert "built-in" in capsys.readouterr().err


@pytest.mark.parametrize("width", [80, 100])
def test_on_a_terminal_no_row_is_wider_and_the_last_day_is_read_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int
) -> None:
    settle(monkeypatch, tmp_path, COLUMNS=str(width))
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)

    assert show_page(MODELS, loaded(), out) == 0

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any("claude-sonnet-4-5 " in line and "2026-11-30" in line for line in lines)


def test_conversations_are_listed_and_found_by_name_and_by_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    assert listed(manner="text").split() == ["id", "name", "turns", "changed"]
    assert "Nothing is saved yet." in capsys.readouterr().err
    keep(Options(save="First Notes"), "about whales")
    keep(Options(save="second"), "about cranes")

    assert "First Notes" in listed(manner="text")
    for words, count in ((("whales",), 1), (("first", "notes"), 1), (("about",), 2), (("x!",), 0)):
        entries = json.loads(listed(*words))["sessions"]
        assert len(entries) == count
        assert all(session["turns"] == 1 for session in entries)
    assert listed("x!", manner="text")
    assert "No saved" in capsys.readouterr().err


def test_flag_and_command_list_the_same_models(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    for model in ("opus-5-5", "my/own-model"):
        out = io.StringIO()
        show_page(MODELS, loaded(f"model={model}"), out)
        session = new_session(Options(), loaded(f"model={model}"), interactive=True)
        table = run_line(session, "/models")

        assert isinstance(table, Table)
        assert out.getvalue() == table_text(table, None)


def test_flag_and_command_list_the_same_conversations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    kept = keep(Options(save="First Notes"), "about whales")
    keep(Options(save="second"), "about cranes")
    session = new_session(Options(), loaded(), interactive=True)
    session.equip(library=find_folders().conversations)

    for query in ("", "whales", "first notes", kept.recorder.id or "", "cranes"):
        table = run_line(session, f"/sessions {query}")
        assert isinstance(table, Table)
        assert listed(query, manner="text") == table_text(table, None)
    listed("walrus", manner="text")
    nothing = run_line(session, "/sessions walrus")
    assert isinstance(nothing, Notice)
    assert nothing.text in capsys.readouterr().err
