"""What commands ask of the shell."""

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from chatrepl.core import outcome
from chatrepl.core.outcome import Confirm, Draft, Notice, Outcome


def test_every_outcome_is_part_of_the_union() -> None:
    classes = {
        value
        for value in vars(outcome).values()
        if getattr(value, "__module__", "") == outcome.__name__ and isinstance(value, type)
    }

    assert classes - {outcome.PickRow} == set(get_args(Outcome)) - {type(None)}


def test_outcomes_cannot_be_changed() -> None:
    draft = Draft("text")
    with pytest.raises(FrozenInstanceError):
        draft.text = "other"  # type: ignore[misc]
    assert draft.base is None


def test_a_confirmation_applies_only_when_it_is_asked_to() -> None:
    done: list[int] = []
    confirm = Confirm(Notice("one"), lambda: done.append(1), "So? y: do it · N: leave it")
    assert done == []
    assert confirm.apply() is None
    assert done == [1]
