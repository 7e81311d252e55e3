"""What the tests of the command line share."""

import os
from pathlib import Path

import pytest

from chatrepl.config.load import Config, load

KEY = "sk-ant-test-0123456789abcdef"


def settle(monkeypatch: pytest.MonkeyPatch, home: Path, **variables: str) -> None:
    """Make the environment one with `home` and nothing else but `variables`."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "CHATREPL_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def loaded(*sets: str) -> Config:
    return load(environ=os.environ, sets=sets)
