"""The command that breaks the code finds out which breakage is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import ROOT, Copy, all_mutants

_MODULE = """
def is_old(age: int) -> bool:
    if age in {0, 1}:
        return False
    return age >= 18 and not age < 0
"""
_TEST = """
from chatrepl.room.age import is_old

def test_age() -> None:
    assert is_old(30) and not is_old(1)
"""
_TEST_OF_A_CHILD = """
import os, subprocess, sys

def test_age() -> None:
    look = "from chatrepl.room.age import is_old; assert is_old(30) and not is_old(1)"
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    assert subprocess.run([sys.executable, "-c", look], env=env).returncode == 0
"""


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    for name, text in (
        ("chatrepl/room/age.py", _MODULE),
        ("tests/room/test_age.py", _TEST),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--import-mode=importlib'\n"),
    ):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


@pytest.mark.parametrize("test", [_TEST, _TEST_OF_A_CHILD])  # which compiles what it imports
def test_one_mutant_is_killed_and_another_survives(tree: Path, tmp_path: Path, test: str) -> None:
    (tree / "tests/room/test_age.py").write_text(test)
    mutants = {str(mutant): mutant for mutant in all_mutants(tree, ["room"])}
    copy = Copy(tree, tmp_path)
    killed = {
        name: copy.is_killed(mutants[f"room/age.py:5: {name}"]) for name in (">=  →  >", ">=  →  <")
    }

    assert killed == {">=  →  >": False, ">=  →  <": True}


def test_every_small_change_is_made_once_and_at_its_place(tree: Path) -> None:
    changes = [str(mutant).partition(":")[2] for mutant in all_mutants(tree, ["room/age.py:3"])]

    assert changes == [
        "3: age in {0, 1}  →  (not (age in {0, 1}))",
        "3: in  →  not in",
        "3: 0  →  1",
        "3: 1  →  2",
    ]
    assert len(all_mutants(tree, ["room", "room/age.py"])) == len(all_mutants(tree, ["room"]))


def test_its_help_explains_it() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--help"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip

    assert "--count" in told
    assert "api/sse.py:23" in told
