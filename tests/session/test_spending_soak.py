"""What `tests.soak.budget` and `tests.soak.ledger` hold in long runs, in short ones."""

from pathlib import Path

from tests.soak import budget, ledger


def test_no_budget_is_exceeded_by_processes_that_are_killed(tmp_path: Path) -> None:
    billed, _killed = budget.soak(tmp_path, sends=120, seed=3, budget=0.1, processes=2)
    assert 0.02 < billed <= 0.1


def test_the_ledger_is_what_the_service_counted_whoever_was_killed(tmp_path: Path) -> None:
    sums = ledger.soak(tmp_path, processes=2, turns=8, seed=2, pause_s=2.0)
    assert sums["whole"] + sums["cut"] + sums["missing"] >= 16 - sums["kills"]
