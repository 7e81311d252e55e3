import os
from pathlib import Path

import pytest

from chatrepl.cli.farewell import farewell
from chatrepl.cli.options import Options
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.world import NoRecorder
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from tests.commands.playing import Player


def spoken(folder: Path, *, replies: int = 1, save: bool = True) -> Session:
    """A session in which something was said, at a cent a reply."""
    player = Player(Settings(model="claude-opus-5-5", save=save))
    player.session.begin_with(Conversation(), Journal.new(folder) if save else NoRecorder())
    player.session.equip(price=lambda _model, _usage, _when: Cost(0.01, 0.02))
    for _ in range(replies):
        player.say("demo: say one")
    return player.session


def test_where_nothing_came_nothing_is_said() -> None:
    assert farewell(Player().session) == ""


@pytest.mark.parametrize(
    ("name", "back"),
    [("", "-c"), ("sieve", "-r sieve"), ("two words", "-r 'two words'"), ("-x; rm", "-r '-x; rm'")],
)
def test_it_says_how_to_go_on(tmp_path: Path, name: str, back: str) -> None:
    session = spoken(tmp_path, replies=2)
    if name:
        assert isinstance(session.recorder, Journal)
        session.recorder.rename(name)
    assert farewell(session) == f"2 replies · $0.0200 · chatrepl {back} goes on here"


@pytest.mark.parametrize(
    ("options", "way"),
    [
        (Options(), ""),
        (Options(demo=True), "--demo "),
        (Options(local=""), "--local "),
        (Options(local="my model.gguf"), "--local 'my model.gguf' "),
        (Options(profile="work", config="c.toml", model="opus"), "--config c.toml --profile work "),
        (Options(base_url="http://localhost:8"), "--base-url http://localhost:8 "),
        (Options(base_url="http://me:secret@host"), ""),
        (Options(base_url=""), "--base-url '' "),
    ],
)
def test_who_answered_is_asked_for_again(tmp_path: Path, options: Options, way: str) -> None:
    assert farewell(spoken(tmp_path), options).endswith(f"· chatrepl {way}-c goes on here")


def test_where_another_chat_was_gone_on_with_since_it_says_which_this_was(tmp_path: Path) -> None:
    chats = spoken(tmp_path), spoken(tmp_path)
    for now, other in (chats, chats[::-1]):
        assert isinstance(now.recorder, Journal)
        assert isinstance(other.recorder, Journal)
        os.utime(now.recorder.path, (2e9, 2e9))
        os.utime(other.recorder.path, (1e9, 1e9))
        assert farewell(now).endswith("chatrepl -c goes on here")
        assert farewell(other).endswith(f"chatrepl -r {other.recorder.id} goes on here")


def test_what_was_not_to_be_saved_is_not(tmp_path: Path) -> None:
    said = farewell(spoken(tmp_path, save=False), demo=True)
    assert said == "1 reply · $0.0100 (demo) · not saved, as you asked"


def test_a_sum_that_misses_a_price_says_so(tmp_path: Path) -> None:
    session = spoken(tmp_path)
    session.books = session.books.paid(Usage(1, 1), None)
    session.open(Conversation(), NoRecorder())
    assert farewell(session) == "2 replies · $0.0100 or more"


def test_where_only_asides_were_paid_their_price_is_said(tmp_path: Path) -> None:
    session = spoken(tmp_path, replies=0)
    session.books = session.books.paid(Usage(1, 1), Cost(0.03, 0.03), replies=0)
    assert farewell(session) == "$0.0300"
