"""The pages for users that come with the program, as one text."""

from pathlib import Path
from typing import Final

_PATH: Final = Path(__file__).parent.parent / "data" / "handbook.md"


def handbook() -> str:
    """Give the README, the tour, the recipes and the reference, one after the other."""
    return _PATH.read_text(encoding="utf-8")
