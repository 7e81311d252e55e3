"""Whatever is typed behind a command: it is done, or refused in words, and nothing breaks."""

from contextlib import suppress
from pathlib import Path

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.commands.registry import REGISTRY
from chatrepl.core.errors import ChatreplError
from chatrepl.core.settings import OPTIONS
from chatrepl.shells.prompt_feeds import Toolbar, complete
from chatrepl.storage.journal import Journal
from tests.commands.playing import Player

NUMBERS = [
    sign + digits + unit
    for digits in ("6" * 19, "7" * 333, "8" * 5_000, "1" * 18, "²", "1e400")
    for sign, unit in (
        ("", ""),
        ("-", ""),
        ("", "-"),
        ("", "%"),
        ("", "k"),
        ("last ", ""),
        ("1.", ""),
    )
]
TEXTS = [
    "\0", "~\0", "~\0/x", "a\0b", "@~\0", "~nobody\0/x", "~nobody/x", "\ud800", "\udcff", "~\ud800",
    "@\udcff", "md ~\0", "json \0", "'", '"', "\\", "[" * 2_000, '{"a":' * 500, "x" * 70_000,
]  # fmt: skip


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    monkeypatch.chdir(tmp_path)
    player = Player()
    folder = tmp_path / "conversations"
    session = player.session
    session.begin_with(session.conversation, Journal.new(folder))
    session.equip(new_recorder=lambda: Journal.new(folder), library=folder)
    for number in range(3):
        player.say(f"demo: say {number}")
    session.stage(from_bytes(b"text", "a.txt", limits=AttachmentLimits()))
    return player


def tries(player: Player, line: str) -> None:
    with suppress(ChatreplError):
        player.do(line)
    list(complete(player.session, line, len(line)))
    Toolbar(player.session)()


@pytest.mark.parametrize("name", [each.name for each in REGISTRY.commands if each.name != "exit"])
def test_no_command_breaks_on_numbers_paths_and_half_characters(name: str, player: Player) -> None:
    for odd in (*NUMBERS, *TEXTS):
        tries(player, f"/{name} {odd}")
        tries(player, f"/{name}! {odd}")


@pytest.mark.parametrize("key", OPTIONS)
def test_no_setting_breaks_the_toolbar_or_the_next_request(key: str, player: Player) -> None:
    for odd in (*NUMBERS[::16], "1" * 18, "1e308", "\0", "~\0", "@~\0", "\ud800"):
        tries(player, f"/set {key} {odd}")
        player.session.request(None)
