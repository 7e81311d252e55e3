"""Results on their way out: a bug costs the one result that it is in."""

from collections.abc import Mapping
from typing import Any

import pytest

from chatrepl.core.errors import StorageError
from chatrepl.core.items import Item
from chatrepl.shells.each import Ordered
from chatrepl.storage.answer_log import Passing

ITEMS = [Item(number, f"item {number}") for number in range(4)]


class Log(Passing):
    """Breaks once, in one of its ways, at one item."""

    def __init__(self, breaks: str, error: Exception) -> None:
        super().__init__()
        self.breaks, self.error = breaks, error

    def _break(self, way: str, number: int) -> None:
        if way == self.breaks and number == 2:
            self.breaks = ""
            raise self.error

    def get(self, number: int, item_id: str) -> dict[str, Any] | None:
        self._break("get", number)
        return super().get(number, item_id)

    def put(self, number: int, item_id: str, result: Mapping[str, Any]) -> None:
        self._break("put", number)
        super().put(number, item_id, result)

    def sink(self, item: Item, result: dict[str, Any]) -> None:
        self._break("sink", item.number)
        self.written.append((item.number, result["ok"]))

    written: list[tuple[int, bool]] = []  # noqa: RUF012 - each test has its own


def finished(breaks: str, error: Exception, order: list[int]) -> list[tuple[int, bool]]:
    log = Log(breaks, error)
    log.written = []
    ordered = Ordered(log, log.sink, lambda bug: {"ok": False, "error": str(bug)})
    for number in order:
        ordered.finish(ITEMS[number], {"ok": True})
    return log.written


@pytest.mark.parametrize("breaks", ["get", "put", "sink"])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_a_bug_with_one_result_costs_that_one_and_the_order_stays(
    breaks: str, order: list[int]
) -> None:
    written = finished(breaks, LookupError("x"), order)

    assert written == [(0, True), (1, True), (2, False), (3, True)]


@pytest.mark.parametrize("breaks", ["get", "put", "sink"])
@pytest.mark.parametrize("error", [StorageError("The disk is full."), OSError("gone")])
def test_what_stops_a_run_is_no_bug_of_one_result(breaks: str, error: Exception) -> None:
    with pytest.raises(type(error)):
        finished(breaks, error, [0, 1, 2, 3])
