"""Numbers as they are typed: few enough digits that whatever is made of them stays finite."""

import re
from typing import Final

LARGEST: Final = 10**18 - 1  # a whole number that is typed or set
MOST_DIGITS: Final = len(str(LARGEST))


def whole(text: str) -> int:
    """Read a whole number. Raises ValueError for what is none, or has more than 18 digits."""
    if re.fullmatch(rf"[+-]?\d{{1,{MOST_DIGITS}}}", text.strip()) is None:
        raise ValueError(text[:MOST_DIGITS])
    return int(text)


def place(text: str, count: int) -> int | None:
    """Read a place among `count`, the first being 1; None where it names none."""
    try:
        number = whole(text)
    except ValueError:
        return None
    return number if 1 <= number <= count else None
