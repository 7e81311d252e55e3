"""Prompts and resources of servers, as they are typed."""

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.served import PromptArgument, ServedPrompt, split_served

PROMPT = ServedPrompt(
    "maps", "weather", "the weather", "Tells it.",
    (PromptArgument("city", is_required=True), PromptArgument("state"), PromptArgument("how")),
)  # fmt: skip
BARE = ServedPrompt("maps", "help", "help")


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["Oslo"], {"city": "Oslo"}),
        (["Oslo", "Norway"], {"city": "Oslo", "state": "Norway"}),
        (["Oslo", "Norway", "in", "rhyme"], {"city": "Oslo", "state": "Norway", "how": "in rhyme"}),
        (["how=short", "Oslo"], {"how": "short", "city": "Oslo"}),
        (["state=a=b", "city=x"], {"state": "a=b", "city": "x"}),
        (["1=1"], {"city": "1=1"}),
    ],
)
def test_words_are_arguments_by_their_place_or_by_name(
    words: list[str], given: dict[str, str]
) -> None:
    assert PROMPT.given(words) == given


@pytest.mark.parametrize(
    ("prompt", "words", "message"),
    [
        (PROMPT, [], "/maps:weather takes city."),
        (PROMPT, ["how=short"], "/maps:weather takes city."),
        (PROMPT, ["city="], "/maps:weather takes city."),
        (BARE, ["x"], "/maps:help takes no more than that."),
        (PROMPT, ["city=a", "state=b", "how=c", "d"], "/maps:weather takes no more than that."),
    ],
)
def test_what_is_missing_or_too_much_is_said(
    prompt: ServedPrompt, words: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        prompt.given(words)

    assert (raised.value.message, raised.value.hint) == (message, f"usage: {prompt.usage}")


def test_the_usage_tells_what_must_be_given() -> None:
    assert PROMPT.usage == "/maps:weather CITY [STATE] [HOW]"
    assert BARE.given([]) == {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("maps:a://b", ("maps", "a://b")),
        ("maps:a:b", ("maps", "a:b")),
        ("maps:a.", None),
        ("maps:", None),
        ("maps", None),
        ("other:a", None),
        ("a/maps:a", None),
    ],
)
def test_a_resource_is_named_by_a_server_that_there_is(
    text: str, parts: tuple[str, str] | None
) -> None:
    assert split_served(text, ("maps", "files")) == parts
