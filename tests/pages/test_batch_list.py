"""The list of batches: what the service told of each, and nothing that it did not."""

import pytest

from chatrepl.api.batches import BatchStatus
from chatrepl.pages.batch_list import batch_facts, batch_list

DAY_S = 86_400.0
COUNTS = {"processing": 0, "succeeded": 1_200, "errored": 3, "canceled": 0, "expired": 0}


def test_a_batch_is_told_with_its_counts_the_state_in_words() -> None:
    ended = BatchStatus("msgbatch_1", "ended", COUNTS, 20 * DAY_S, 21 * DAY_S)
    under_way = BatchStatus("msgbatch_2", "in_progress", {"processing": 7}, 22 * DAY_S, 23 * DAY_S)
    archived = BatchStatus("msgbatch_3", "ended", COUNTS, DAY_S, DAY_S, archived=True)
    rows = batch_list([under_way, ended, archived]).rows
    assert [row[:4] for row in rows] == [
        ("msgbatch_2", "in progress", "7", ""),
        ("msgbatch_1", "ended", "1,203", "1,200 succeeded, 3 errored"),
        ("msgbatch_3", "ended", "1,203", "results are not kept any more"),
    ]
    assert [row[4][:7] for row in rows] == ["1970-01"] * 3


@pytest.mark.parametrize("created", [0.0, 20 * DAY_S])
def test_programs_get_all_counts_and_no_time_that_was_not_told(created: float) -> None:
    batch = BatchStatus("b", "in_progress", {"processing": 7}, created, created)
    facts = batch_facts(batch)
    assert facts["counts"] == dict.fromkeys(COUNTS, 0) | {"processing": 7}
    assert (facts["id"], facts["status"], facts["requests"], facts["archived"]) == (
        "b", "in_progress", 7, False,
    )  # fmt: skip
    times = [facts["created"], facts["expires"], batch_list([batch]).rows[0][4]]
    assert all(str(time).startswith("1970-01-") for time in times) is (created > 0)
    assert (times == [None, None, ""]) is (created == 0)
