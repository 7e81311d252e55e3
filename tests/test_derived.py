"""What is derived from the code is current."""

from pathlib import Path

import pytest

from tests.derive import TABLES, derived

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", derived())
def test_derived_files_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == derived()[name], "run: make docs"


def test_the_readme_has_a_place_for_every_table() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [name for name in TABLES if f"<!-- {name} -->\n| " not in text] == []
