"""What is said to who types the commands of another program."""

import pytest

from chatrepl.commands.elsewhere import ELSEWHERE, meant
from chatrepl.commands.registry import REGISTRY
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import OPTIONS


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("reset", "Did you mean /clear?"),
        ("Persona", "Did you mean /system?"),
        ("theme", "Did you mean /set theme?"),
        ("fallback-models", "Did you mean /set fallback_models?"),
        ("exprot", "Did you mean /export?"),
        ("HISTORY", "Did you mean /history?"),
        ("Mdoel", "Did you mean /model?"),
        ("zzzz", "/help lists what there is."),
    ],
)
def test_a_command_that_is_none_is_told_what_to_type(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        REGISTRY.find(word)

    assert caught.value.message == f"There is no command /{word}."
    assert caught.value.hint == hint


@pytest.mark.parametrize("word", ELSEWHERE)
def test_what_is_foreign_is_none_of_ours_and_is_led_to_what_is(word: str) -> None:
    command, _, key = ELSEWHERE[word].partition(" ")

    assert not REGISTRY.is_ours(word)
    assert REGISTRY.is_ours(command)
    assert not key or key in OPTIONS


def test_a_command_of_ones_own_is_meant_where_it_is_the_nearest() -> None:
    assert meant("deplyo", ["Deploy", "export"]) == "Deploy"
