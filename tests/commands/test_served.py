"""Prompts of servers at the prompt: what is sent, what is offered, what is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatrepl.commands.slash import complete_line, run_line
from chatrepl.core.errors import ToolError, UsageError
from chatrepl.core.outcome import Notice, Page, Several
from chatrepl.core.talk.blocks import ImageBlock
from tests.commands.playing import Player
from tests.serving import GivenServers, model, user


def _player(servers: GivenServers) -> Player:
    player = Player()
    player.session.equip(servers=lambda: servers)
    return player


def _body(player: Player) -> Any:
    return player.requests[-1].body()["messages"]


def test_a_prompt_is_sent_as_the_users_words_and_mentions_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    servers = GivenServers()
    player = _player(servers)

    player.do("/maps:where Oslo")

    assert servers.asked == ["where {'city': 'Oslo'}"]
    (turn,) = player.session.conversation.path()
    assert turn.question == user("Where is Oslo? @notes.txt").content
    assert player.statuses == [200]


def test_the_beginning_of_a_name_is_enough_where_it_is_the_only_one() -> None:
    servers = GivenServers()
    player = _player(servers)

    player.do("/maps:rou")

    assert servers.asked == ["the route {}"]
    with pytest.raises(UsageError, match="maps has no prompt whe"):
        run_line(player.session, "/maps:whe x")


def test_what_a_prompt_lets_be_said_before_is_in_the_conversation() -> None:
    picture = ImageBlock.base64("image/png", "aGk=")
    last = replace(user("And Bergen?"), content=(picture, *user("And Bergen?").content))
    servers = GivenServers((user("Be brief."), model("Yes."), model("I am."), last))
    player = _player(servers)

    player.session.prepare(prefill="")
    outcome = run_line(player.session, "/maps:when")

    assert [m.text for turn in player.session.conversation.path() for m in turn.messages] == [
        "Be brief.",
        "Yes.",
        "I am.",
    ]
    assert "And Bergen?" in str(outcome)
    assert picture.source["data"] in str(outcome)


def test_a_reply_that_a_prompt_begins_is_begun_so() -> None:
    player = _player(GivenServers((user("A list."), model("1. "))))

    player.do("/maps:when")

    (turn,) = player.session.conversation.path()
    assert turn.assistant is not None
    assert turn.assistant.text.startswith("1. ")


@pytest.mark.parametrize("messages", [(), (model("Hello."),)])
def test_a_prompt_that_asks_nothing_is_not_sent(messages: Any) -> None:
    player = _player(GivenServers(messages))

    with pytest.raises(UsageError, match="/maps:when asks nothing"):
        run_line(player.session, "/maps:when")
    assert player.session.conversation.path() == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/maps:where", ("/maps:where takes city.", "usage: /maps:where CITY")),
        ("/maps:wherre x", ("maps has no prompt wherre.", "Did you mean /maps:where?")),
        ("/maps:xyz", ("maps has no prompt xyz.", "It has where, when, route.")),
        ("/maps:", ("maps needs the name of a prompt.", "It has where, when, route.")),
        ("/maps:where?", ("maps has no prompt where?.", "Did you mean /maps:where?")),
        ("/other:xyz", ("There is no command /other:xyz.", "/help lists what there is.")),
    ],
)
def test_what_is_no_prompt_gets_an_offer(line: str, words: tuple[str, str]) -> None:
    player = _player(GivenServers())

    with pytest.raises(UsageError) as raised:
        run_line(player.session, line)
    assert (raised.value.message, raised.value.hint) == words


def test_a_server_without_prompts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = GivenServers()
    monkeypatch.setattr(servers, "prompts", lambda _server: ())

    with pytest.raises(UsageError) as raised:
        run_line(_player(servers).session, "/maps:x")
    assert raised.value.hint == "maps has no prompts at all."


def test_a_long_prompt_is_told_in_a_line() -> None:
    player = _player(GivenServers((user("word " * 100),)))

    outcome = run_line(player.session, "/maps:when")

    assert isinstance(outcome, Several)
    assert outcome.outcomes[0] == Notice(f"/maps:when · {'word ' * 23}word…")


def test_a_server_that_is_down_is_told_of() -> None:
    player = _player(GivenServers())

    with pytest.raises(ToolError, match="down did not start"):
        run_line(player.session, "/down:x")


def _offers(player: Player, line: str) -> list[tuple[str, str]]:
    return complete_line(player.session, line)[1]


def test_servers_and_their_prompts_are_offered_and_only_a_named_one_is_asked() -> None:
    player = _player(GivenServers())

    assert ("/maps:", "What this server has prompts for") in _offers(player, "/ma")
    assert _offers(player, "/maps:w") == [
        ("/maps:where ", "CITY · Finds it."),
        ("/maps:when ", ""),
    ]
    assert _offers(player, "/down:") == []
    assert _offers(player, "/other:") == []
    assert _offers(player, "/maps:where Os") == []


def test_help_names_the_prompts_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = GivenServers()
    player = _player(servers)
    page = run_line(player.session, "/help maps:")

    assert page == Page("- `/maps:where CITY` Finds it.\n- `/maps:when`\n- `/maps:route`")
    assert ("maps:", "What this server has prompts for") in _offers(player, "/help ma")
    assert _offers(player, "/help maps:whe")[0] == ("maps:where", "CITY · Finds it.")

    monkeypatch.setattr(servers, "prompts", lambda _server: ())
    page = run_line(player.session, "/help maps:")
    assert page == Page("maps has no prompts at all.")


def test_help_tells_all_about_a_prompt() -> None:
    page = run_line(_player(GivenServers()).session, "/help maps:where")

    assert page == Page(
        "`/maps:where CITY`\n\nFinds it.\n\n- city: A city.\n\nThe server maps writes it."
    )
    with pytest.raises(UsageError):
        run_line(_player(GivenServers()).session, "/help other:where")
