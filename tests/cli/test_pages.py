import io
import json
from pathlib import Path

import pytest

from chatrepl.cli.options import Options
from chatrepl.cli.start import show_page
from tests.cli.given import loaded, settle


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
