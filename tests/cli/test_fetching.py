"""The results of a batch, fetched: in the order of the items, and of any number."""

import random
import tracemalloc
from contextlib import closing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.cli.fetching import Fetched

NAMES = st.one_of(
    st.integers(0, 10**12 - 1).map(lambda place: f"mark-{place}-id"),
    st.sampled_from(["mine", "a-b-c", "a-²-c", f"a-{10**30}-c", "", "a-1-c-d"]),
)


def _result(number: int) -> dict[str, Any]:
    return {"ok": True, "text": f"{number} \ud800"}


@given(st.lists(NAMES, max_size=200))
def test_all_results_are_given_once_in_the_order_of_their_items(names: list[str]) -> None:
    with closing(Fetched()) as fetched:
        fetched.put("of a reading that broke off", _result(0))
        fetched.begin()
        for number, name in enumerate(names):
            fetched.put(name, _result(number))
        given_back = list(fetched.in_order())
    assert sorted(item.value for item, _ in given_back) == sorted(names)
    places = [item.number for item, _ in given_back]
    assert places == sorted(places)
    for item, result in given_back:
        number = int(result["text"].split()[0])
        assert (item.value, result) == (names[number], _result(number))
        named = item.value.startswith("mark-")
        assert item.number == (int(item.value.split("-")[1]) if named else number)


def test_results_take_no_memory_but_two_numbers_each() -> None:
    places = random.Random(3).sample(range(4_000), 4_000)
    with closing(Fetched()) as fetched:
        tracemalloc.start()
        for place in places:
            fetched.put(f"mark-{place}-id", {"ok": True, "text": f"{place:,}" + "x" * 5_000})
        for number, (item, _) in enumerate(fetched.in_order()):
            assert item.number == number
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most_bytes < 2_000_000
