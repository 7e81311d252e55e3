"""What is about to be sent is looked at, wherever it stands."""

from collections.abc import Callable

import pytest

from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.shells.consent import Consent
from tests.commands.playing import Player

TOKEN = "ghp_" + "a1B2" * 9
HELLO = Message.user("hello")


def asked(player: Player, *answers: bool) -> tuple[Consent, list[str]]:
    """Make the questions of a chat; they are answered so, in their order."""
    questions: list[str] = []

    def ask(question: str) -> bool:
        questions.append(question)
        return answers[len(questions) - 1]

    return Consent(player.session, ask, lambda: None), questions


@pytest.mark.parametrize(
    "line",
    [
        "/user my {}",
        "/assistant take {}",
        "/system use {}",
        "/prefill {}",
        "/prefill pin {}",
        "/choose {} no",
        '/schema {{"type": "object", "description": "{}"}}',
    ],
)
def test_what_goes_with_a_message_is_looked_at_like_the_message(line: str) -> None:
    player = Player()
    player.do(line.format(TOKEN))
    consent, questions = asked(player, False, True)
    assert not consent.to_send(HELLO)
    assert consent.to_send(HELLO)
    assert consent.to_send()  # it was agreed to
    assert [("a GitHub token" in words, TOKEN in words) for words in questions] == [
        (True, False)
    ] * 2
    assert "message that you added" in questions[0]


@pytest.mark.parametrize(
    "line",
    [
        "/context exact",
        "/btw why?",
        "/compare haiku -- why?",
        "/help! ask why?",
        "/compact! numbers",
        "/retry",
        "/tell why?",
    ],
)
@pytest.mark.parametrize("agree", [False, True])
def test_whatever_sends_the_conversation_asks_about_keys_in_it_first(
    line: str, agree: bool
) -> None:
    player = Player(agree=agree)
    for words in ("one", "two", "three"):
        player.say(f"demo: say {words}")
    player.do(f"/user my {TOKEN}")
    before = len(player.requests)
    if line.startswith("/tell"):
        player.repl().send("why?")
    else:
        player.do(line)

    assert any("a GitHub token" in question for question in player.asked)
    assert (len(player.requests) + player.counts > before) == agree


@pytest.mark.parametrize("send", [lambda c: c.to_send(HELLO), lambda c: c.to_send()])
def test_what_was_answered_already_is_not_asked_about(send: Callable[[Consent], bool]) -> None:
    player = Player()
    player.say(f"demo: say {TOKEN}")
    consent, questions = asked(player)
    assert send(consent)
    assert questions == []


def test_nothing_is_asked_about_words() -> None:
    player = Player()
    for line in ("/user hello", "/system Be brief.", "/prefill Well"):
        player.do(line)
    consent, questions = asked(player)
    assert consent.to_send(HELLO)
    assert questions == []


def test_a_cost_that_was_agreed_to_is_asked_about_again_only_once_it_has_grown_as_much() -> None:
    player = Player()
    player.session.use(max_cost_usd=1.0)
    consent, questions = asked(player, False, True, True)
    assert consent.to_pay()
    paid(player, 1.5)
    assert [consent.to_pay(), consent.to_pay(), consent.to_pay()] == [False, True, True]
    assert len(questions) == 2
    paid(player, 2.0)
    assert consent.to_pay()
    assert len(questions) == 3


def paid(player: Player, usd: float) -> None:
    session = player.session
    session.books = session.books.paid(Usage(input_tokens=1000), Cost(usd, usd))
