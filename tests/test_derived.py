"""What is derived from the code is current."""

from pathlib import Path

import pytest

from tests.derive import derived

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", derived())
def test_derived_files_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == derived()[name], "run: make docs"
