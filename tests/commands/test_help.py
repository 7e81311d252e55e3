"""Help and leaving."""

import re

import pytest

from chatrepl.commands.help import unwrapped
from chatrepl.commands.menu import KEYS, MENU
from chatrepl.commands.registry import REGISTRY
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.money import Rates
from chatrepl.core.outcome import Quit
from chatrepl.demo.guide import HELP
from tests.commands.playing import Player


def test_help_fits_one_screen_and_names_only_what_there_is() -> None:
    player = Player()
    player.do("/help")
    rows = player.heard.splitlines()

    assert len(rows) <= 23
    assert max(map(len, rows)) < 80
    for name in re.findall(r"/(\w+)", player.heard.replace("/help all", "").replace("NAME", "")):
        assert REGISTRY.find(name)


def test_a_row_of_the_card_of_keys_says_what_it_is_about_by_itself() -> None:
    words = " ".join(meaning for _, *rows in KEYS for _, meaning in rows).split()
    assert {"them", "it", "so", "these", "one"}.isdisjoint(words)


def test_the_keys_have_a_card_of_their_own() -> None:
    player = Player()
    player.do("/help keys")
    assert "Shift-Enter   new line (also Alt-Enter) Ctrl-D        leave" in player.heard


def test_help_all_lists_every_command_in_its_group() -> None:
    player = Player()
    player.do("/help all")
    words = player.heard.split()

    assert all(f"/{command.name}" in words for command in REGISTRY.commands)
    assert "Next reply" in player.heard


def test_the_menu_has_a_short_row_for_each_command_and_no_other() -> None:
    assert sorted(MENU) == sorted(command.name for command in REGISTRY.commands)
    assert all(0 < len(meaning) <= 40 for meaning in MENU.values())


def test_the_menu_goes_by_use_and_offers_aliases_once_something_is_typed() -> None:
    session = Player().session
    assert [name for name, _ in complete_line(session, "/")[1]] == [f"/{n} " for n in MENU]
    assert ("/quit ", MENU["exit"]) in complete_line(session, "/q")[1]


def test_help_tells_all_about_one() -> None:
    player = Player()
    player.do("/help /undo")
    assert "Also `/rewind`." in player.heard
    player.do("/help truncate")
    assert "without asking" in player.heard
    player.do("/? detach")
    assert "Also" not in player.heard
    with pytest.raises(UsageError):
        player.do("/help nothing-like-it")


def test_the_demo_engine_has_help_of_its_own() -> None:
    player = Player()
    player.session.equip(guide="# Demo")
    player.do("/help demo")

    assert player.heard == "# Demo"


def test_a_page_breaks_where_the_window_ends_and_its_tables_where_they_did() -> None:
    page = "# A\n\n*b* c\nd\n`e`\n\n| f |\n|:--|\n| g |\n\nh\ni\n"

    assert unwrapped(page) == "# A\n\n*b* c d `e`\n\n| f |\n|:--|\n| g |\n\nh i\n"
    assert unwrapped(unwrapped(HELP)) == unwrapped(HELP)


@pytest.mark.parametrize("name", [one.name for one in REGISTRY.commands])
def test_the_help_of_no_command_breaks_within_a_paragraph(name: str) -> None:
    player = Player()
    player.do(f"/help {name}")

    assert "\n" not in player.heard.replace("\n\n", "")


def test_exit_leaves() -> None:
    assert isinstance(Player().do("/exit"), Quit)
    assert isinstance(Player().do("/q"), Quit)


def test_a_question_is_answered_aside_with_the_handbook_once_its_price_was_told() -> None:
    player = Player()
    player.say("demo: say first")
    player.do("/help ask How do I attach a file?")
    (told,) = (words for words in player.said if "handbook" in words)
    sent = player.requests[-1].encode().decode()

    assert "tokens, at an unknown price." in told
    assert "How do I attach a file?" in sent
    assert "/image" in sent
    assert "exit codes" in sent
    assert len(player.session.conversation.path()) == 1


def test_a_question_is_not_asked_where_that_is_refused_and_at_once_with_force() -> None:
    player = Player(agree=False)
    player.do("/help ask why?")
    assert player.requests == []
    player.do("/help! ask why?")
    assert len(player.requests) == 1


def test_what_a_question_costs_is_told_where_that_is_known() -> None:
    player = Player()
    player.session.equip(rates=lambda _model, _tokens: Rates(1, 1, 1, 1, 1))
    player.do("/help ask why?")
    assert re.search(r"\d+k tokens, ~?\$0\.\d+ and the answer", player.said[0])


@pytest.mark.parametrize("line", ["/help ask", "/help ask  ", "/help undo redo"])
def test_what_cannot_be_asked_is_said(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        Player().do(line)
    assert "/help ask" in caught.value.hint


def test_names_are_completed() -> None:
    session = Player().session
    assert ("exit", MENU["exit"]) in complete_line(session, "/help ex")[1]
    assert ("/exit", MENU["exit"]) in complete_line(session, "/help /ex")[1]
