"""Which rows a list to choose from shows, and which of them is chosen."""

from collections.abc import Sequence
from typing import overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.outcome import PickRow
from chatrepl.terminal.prompt.picker import Choice, matching


class _Rows(Sequence[PickRow]):
    """Rows that remember which of them were read."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = titles
        self.read: set[int] = set()

    def __len__(self) -> int:
        return len(self.titles)

    @overload
    def __getitem__(self, place: int) -> PickRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[PickRow]: ...
    def __getitem__(self, place: int | slice) -> PickRow | Sequence[PickRow]:
        assert isinstance(place, int)
        self.read.add(place)
        return PickRow(f"id{place}", self.titles[place])


_FEW = ["Whales are big", "The moon", "wide hills", "About the MOON and whales"]


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ("", [0, 1, 2, 3]),
        ("whales", [0, 3]),
        ("moon whales", [3]),
        ("whl", [0, 2, 3]),
        ("mn", [1, 3]),
        ("moon", [1, 3]),
        ("wh hi", [0, 2]),
        ("id2", [2]),
        ("zebra", []),
        (" ", [0, 1, 2, 3]),
    ],
)
def test_whole_words_match_before_letters_with_others_between(
    typed: str, places: list[int]
) -> None:
    matches = list(matching(_Rows(_FEW), typed))
    assert sorted(matches) == places
    strong = [p for p in matches if all(w in f"{_FEW[p]} id{p}".casefold() for w in typed.split())]
    assert matches[: len(strong)] == strong == sorted(strong)


@given(
    st.integers(0, 60),
    st.lists(st.sampled_from([-10, -1, 1, 10, "drop", "few", "all"]), max_size=30),
    st.integers(1, 12),
)
def test_the_chosen_row_is_always_in_the_window_and_the_window_always_full(
    count: int, steps: list[int | str], height: int
) -> None:
    choice = Choice(_Rows([f"row {n}" for n in range(count)]))
    for step in steps:
        match step:
            case int():
                choice.move(step)
            case "drop" if choice.chosen is not None:
                choice.drop()
            case "few" | "all":
                choice.narrow("1" if step == "few" else "")
            case _:
                pass
        window = choice.window(height)
        left = [p for p in matching(choice.rows, choice.query) if p not in choice.gone]
        assert len(window) == min(height, len(left))
        assert (choice.chosen in window) is bool(left)
        shown = left[choice.top : choice.top + height]
        assert sorted(row.id for row in window) == sorted(f"id{place}" for place in shown)


def test_of_ten_thousand_only_what_is_seen_is_read() -> None:
    rows = _Rows([f"question {n}" for n in range(10_000)])
    choice = Choice(rows)
    choice.window(15)
    choice.move(20)
    choice.window(15)
    assert max(rows.read) < 40
    choice.narrow("question 1")
    choice.window(15)
    assert max(rows.read) < 200
