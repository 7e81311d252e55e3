import io
import json
from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.dryrun import dry_run
from chatrepl.cli.options import Options
from chatrepl.cli.stdin import Piped
from tests.cli.given import loaded, settle


def test_the_request_is_shown_with_tokens_and_price(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    out = io.StringIO()
    options = Options(prompt=["hello"], system="Be kind.")
    session = new_session(options, loaded("system=Be kind."), interactive=False)

    assert dry_run(options, session, Piped("x" * 3000), out) == 0

    assert json.loads(out.getvalue())["system"] == "Be kind."
    said = capsys.readouterr().err
    assert "tokens in" in said
    assert "~$" in said


def test_on_a_screen_it_is_plain_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)
    session = new_session(Options(), loaded(), interactive=False)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)

    assert dry_run(Options(prompt=["a\x1b\u202eb"]), session, None, out) == 0
    assert '"a\\u001b<U+202E>b"' in out.getvalue()


def test_an_unknown_price_is_said_to_be_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    session = new_session(Options(), loaded("model=my-own-model"), interactive=False)

    for manner in ("text", "json"):
        out = io.StringIO()
        assert dry_run(Options(prompt=["hello"], output=manner), session, None, out) == 0
        if manner == "json":
            assert json.loads(out.getvalue())["cost_usd"] is None
    assert "price unknown" in capsys.readouterr().err
