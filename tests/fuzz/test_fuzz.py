"""Some seconds for each target; `python -m tests.fuzz` goes on for as long as one likes."""

import pytest

from tests.fuzz import rounds as fuzz
from tests.fuzz.targets import TARGETS, Target, seeds_of

SECONDS = 3.0


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_promise(name: str) -> None:
    assert fuzz.rounds(name, SECONDS) >= len(seeds_of(name))


def test_what_breaks_a_promise_is_found_and_can_be_found_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def picky(data: bytes) -> None:
        if b"1e999" in data:
            raise ValueError(data)

    monkeypatch.setattr(fuzz, "TARGETS", {"sanitiser": Target(lambda: [b"x"], picky)})
    for _ in range(2):
        with pytest.raises(fuzz.Finding) as finding:
            fuzz.rounds("sanitiser", 60.0)
        assert b"1e999" in finding.value.data
