"""What is said to who types the options of another program."""

import re

import pytest

from chatrepl.cli.command_line import read_strictly
from chatrepl.cli.elsewhere import _PAGES, ELSEWHERE, hint_for, hint_for_words
from chatrepl.cli.options import FLAGS
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import OPTIONS

OURS = {name for flag in FLAGS.values() for name in flag.names}


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--list-models", "--models lists them."),
        ("--file", "-a FILE attaches it."),
        ("--effort", "--set effort=VALUE sets it."),
        ("--max-cost-usd", "--set max_cost_usd=VALUE sets it."),
        ("--max_tokens", "Did you mean --max-tokens?"),
        ("--sesions", "Did you mean --sessions?"),
        ("--mod", "Did you mean --model or --models?"),
        ("--zzz", "chatrepl --help lists what there is."),
        ("-z", "chatrepl --help lists what there is."),
        ("--", "chatrepl --help lists what there is."),
    ],
)
def test_an_option_that_is_none_is_told_what_to_type(option: str, hint: str) -> None:
    assert hint_for(option) == hint


@pytest.mark.parametrize("words", [["--effort", "low", "hi"], ["--effort=low"], ["hi", "--effort"]])
def test_a_setting_typed_as_an_option_is_told_how_it_is_set(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_strictly(words)

    assert caught.value.message == "There is no option --effort."
    assert caught.value.hint == "--set effort=VALUE sets it."


def test_what_is_foreign_is_none_of_ours_and_is_led_to_what_is() -> None:
    assert not OURS & set(ELSEWHERE)
    assert OURS >= _PAGES
    for hint in ELSEWHERE.values():
        assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", hint)) <= OURS
        assert set(re.findall(r"--set ([a-z]\w*)=", hint)) <= set(OPTIONS)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("help", "help is sent as a question; chatrepl --help is the page."),
        ("Models", "Models is sent as a question; chatrepl --models is the page."),
        ("chat", "chat is sent as a question; chatrepl alone begins a chat."),
        ("hello", ""),
        ("model", ""),
        ("live", ""),
        ("help me", ""),
        ("", ""),
        ("/model opus", "/model is sent as a question; commands are typed in a chat."),
        ("/truncate! 3", "/truncate! is sent as a question; commands are typed in a chat."),
        ("/etc/hosts what is it", ""),
        ("/ etc", ""),
    ],
)
def test_what_is_typed_for_a_page_or_a_command_is_sent_and_that_is_said(
    words: str, hint: str
) -> None:
    assert hint_for_words(words.split()) == hint
    assert hint_for_words([words]) == hint
