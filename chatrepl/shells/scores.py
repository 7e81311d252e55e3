"""How many answers are as expected, and what was taken for what."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.core.items import Item
from chatrepl.core.rows import rows_in

_MOST_PAIRS: Final = 1000  # that are told apart: answers in free words are not
_SHOWN: Final = 10
_LONGEST: Final = 40
_MISSING: Final = "(missing)"


@dataclass(slots=True)
class Scores:
    """Compares each answer with the item's field `name`: letters alone count, not their case."""

    name: str
    right: int = 0
    compared: int = 0
    _pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, item: Item, result: dict[str, Any]) -> None:
        """Compare an answer; one that failed is wrong, and so is one without an expectation."""
        expected = " ".join(self._expected(item).split())
        answer = " ".join(self._answer(result).split()) if result["ok"] else "(failed)"
        pair = expected[:_LONGEST], answer[:_LONGEST]
        self.compared += 1
        if result["ok"] and _plain(expected) == _plain(answer):
            self.right += 1
        elif len(self._pairs) < _MOST_PAIRS or pair in self._pairs:
            self._pairs[pair] += 1

    def _expected(self, item: Item) -> str:
        try:
            return item.field(self.name)
        except KeyError:  # what a pipe brings is not looked through before
            return _MISSING

    def _answer(self, result: dict[str, Any]) -> str:
        """Give what is compared: a field of the same name, of an object or of one row."""
        value = result.get("parsed")
        rows = rows_in(value)
        if rows is not None and len(rows) == 1:
            value = rows[0]
        if isinstance(value, dict) and self.name in value:
            return Item(0, value).field(self.name)
        return str(result["text"])

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.compared if self.compared else 0.0

    def lines(self) -> list[str]:
        """Say how it went, the commonest mistakes first."""
        head = f"{self.right:,} of {self.compared:,} right ({self.share:.1%})"
        listed = self._pairs.most_common(_SHOWN)
        return [
            head,
            *(f"  {count:,} × {answer!r} for {expected!r}" for (expected, answer), count in listed),
        ]


def _plain(text: str) -> str:
    return text.casefold().strip(" .\"'`*")
