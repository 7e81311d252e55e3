"""What the tables of refusals share: a run, and how servers put their words."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatrepl.cli import stdin
from chatrepl.cli.options import Options
from chatrepl.cli.shot import shoot
from tests.cli.given import KEY, loaded, settle
from tests.faults.strict import Answer, Body, Gateway

MODEL = "claude-opus-5-5"
Run = Callable[..., str]
Strictness = Callable[[Body], Answer | None]


def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Ask gateways, each time as a program that was just started; give what is said on stderr."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(stdin, "is_keyboard", lambda: True)

    def ask(gateway: Gateway, *sets: str, code: int = 0, **more: Any) -> str:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=gateway.url)
        err, out = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stderr", err)
        usual = more.pop("model", MODEL)
        end = shoot(Options(prompt=["hi"], **more), loaded(f"model={usual}", *sets), out)
        assert end == code, err.getvalue()
        assert out.getvalue().endswith("" if code else "fine\n")
        return err.getvalue()

    return ask


def last(place: str) -> str:
    return place.rpartition(".")[2]


def parts(place: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in place.split(".")]


def zod(place: str) -> Answer:
    name = last(place)
    issue = {"code": "unrecognized_keys", "keys": [name], "path": parts(place)[:-1]}
    said = {"message": f"Unrecognized key(s) in object: '{name}'"}
    return 400, {"success": False, "error": {"name": "ZodError", "issues": [issue | said]}}


def ajv(place: str) -> Answer:
    issue = {
        "instancePath": "/" + "/".join(place.split(".")[:-1]),
        "keyword": "additionalProperties",
        "params": {"additionalProperty": last(place)},
        "message": "must NOT have additional properties",
    }
    return 400, {"errors": [issue]}


def error(words: str, status: int = 400, **more: str) -> Answer:
    return status, {"error": {"message": words, **more}}
