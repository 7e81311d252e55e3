"""Code that the service runs: its container, and the files that it makes."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chatrepl.commands.slash import complete_line
from chatrepl.commands.workshop import made_lines
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError, UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.workshop import MadeFile
from chatrepl.demo.containers import LIFETIME_SECONDS
from chatrepl.demo.engine import Engine
from chatrepl.demo.files import PATH
from chatrepl.demo.wire import error_body, json_answer
from tests.commands.playing import Player
from tests.demo.helpers import HEADERS, Clock

NEW = "claude-opus-5-5"


def containers(player: Player) -> list[object]:
    return [request.params.get("container") for request in player.requests]


@pytest.mark.parametrize("model", TABLE)
def test_code_is_run_in_the_form_that_the_model_takes(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/code")
    assert player.heard == "Running code is off."
    player.do("/code on")
    assert player.heard.startswith("Running code is on. Beside /web on it costs nothing more")
    player.say("demo: code")
    assert "`code_execution` is done." in player.text
    player.do("/code off")
    player.say("And now?")
    assert player.statuses == [200, 200]
    last = player.requests[-1]
    is_told = any("tool_removal" in str(message.to_wire()) for message in last.messages)
    assert is_told or last.params["tool_choice"] == {"type": "none"}


def test_code_and_output_are_shown_in_full() -> None:
    player = Player(Settings(model=NEW, code=True))
    with pytest.raises(UsageError, match="No code ran"):
        player.do("/code show")
    player.say("demo: code")
    player.say("hello")
    player.do("/code show")
    assert player.heard == "```python\nprint(sum(range(11)))\n```\n\n```\n55\n```"


def test_where_no_code_can_be_run_that_is_said() -> None:
    with pytest.raises(UsageError, match="runs no code"):
        Player(Settings(model="llama")).do("/code on")


def test_all_branches_go_on_in_the_container_of_the_talk() -> None:
    player = Player(Settings(model=NEW))
    player.say("hello")
    player.do("/code on")
    player.say("demo: code")
    player.say("demo: code create")
    player.do("/undo")
    player.do("/retry")
    player.do("/code off")
    player.say("hello again")
    first, second, third, again, last = containers(player)
    assert (first, second, last) == (None, None, None)
    assert isinstance(third, str)
    assert again == third
    assert player.session.conversation.container == third


def test_a_container_that_expired_is_gone_on_without_and_that_is_said_once() -> None:
    clock = Clock()
    player = Player(Settings(model=NEW), Engine(clock=clock))
    player.do("/code on")
    player.say("demo: code")
    old = player.session.conversation.container
    clock.now += LIFETIME_SECONDS + 1
    player.say("demo: code")
    player.say("demo: code")
    new = player.session.conversation.container
    assert player.statuses == [200, 400, 200, 200]
    assert containers(player) == [None, old, None, new]
    assert new != old


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "container: expired"),
        (403, "This container belongs to another workspace."),
        (404, "{} was not found"),
        (410, "The container is gone."),
    ],
)
def test_a_container_may_be_refused_in_any_words(status: int, words: str) -> None:
    player = Player(Settings(model=NEW, code=True))
    player.say("demo: code")
    old = player.session.conversation.container
    refusal = error_body(status, words.format(old), "req_1")
    player.engine.script(json_answer(status, refusal, {}))
    player.say("demo: code")
    assert player.statuses == [200, status, 200]
    assert containers(player)[1:] == [old, None]


def test_a_refusal_of_something_else_leaves_the_container() -> None:
    player = Player(Settings(model=NEW, code=True))
    player.say("demo: code")
    player.engine.script(json_answer(400, error_body(400, "No. Nobody knows why.", "r"), {}))
    with pytest.raises(ApiError):
        player.say("demo: code")
    player.say("demo: code")
    assert containers(player)[1:] == [player.session.conversation.container] * 2


def test_a_container_that_is_gone_is_asked_for_no_more_where_no_code_ran_since() -> None:
    clock = Clock()
    player = Player(Settings(model=NEW), Engine(clock=clock))
    player.do("/code on")
    player.say("demo: code")
    clock.now += LIFETIME_SECONDS + 1
    player.say("hello")
    player.say("hello again")
    assert player.statuses == [200, 400, 200, 200]


class Store:
    """The files of an engine; of those in `lost` nothing can be told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lost: set[str] = set()

    def about(self, ids: Sequence[str]) -> list[MadeFile | ChatreplError]:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()  # the true one runs one of its own
        return [self._about(id_) for id_ in ids]

    def _about(self, id_: str) -> MadeFile | ChatreplError:
        answer = self.engine.handle("GET", f"{PATH}/{id_}", HEADERS, b"")
        if id_ in self.lost or answer.status != 200:
            return ApiError(ApiErrorKind.NOT_FOUND, f"File not found: {id_}")
        facts = json.loads(answer.body)
        size, given = facts["size_bytes"], facts["downloadable"]
        return MadeFile(id_, facts["filename"], size, facts["mime_type"], given=given)

    def fetch(self, id_: str, write: Callable[[bytes], None]) -> None:
        for chunk in self.engine.handle("GET", f"{PATH}/{id_}/content", HEADERS, b"").chunks:
            write(chunk.data)


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """A chat in a folder of its own, whose code made three files in two replies."""
    monkeypatch.chdir(tmp_path)
    player = Player(Settings(model=NEW, code=True))
    store = Store(player.engine)
    player.session.equip(files=lambda: store)
    player.say("demo: code file")
    player.say("demo: code file")
    player.say("hello")
    return player


def ids(player: Player) -> list[str]:
    blocks = (
        block.to_wire()
        for turn in player.session.conversation.path()
        for message in turn.messages
        for block in message.content
        if message.role == "assistant"
    )
    return re.findall(r"file_[0-9a-f]+", json.dumps([*blocks]))


def test_a_comparison_tells_of_the_files_that_its_first_reply_made(maker: Player) -> None:
    maker.say("demo: code file")
    maker.do("/compare sonnet haiku")
    assert "file made: chart.csv · 8 bytes (/download 3)" in maker.heard
    turn = maker.session.conversation.path()[-1]
    assert [*made_lines(maker.session, turn)] == ["file made: chart.csv · 8 bytes (/download 3)"]


def test_files_are_listed_by_numbers_that_stay(maker: Player) -> None:
    maker.do("/files")
    rows = maker.tables[-1].rows
    assert rows == (
        ("1", "chart.csv", "8 bytes", "text/csv"),
        ("2", "chart.csv", "8 bytes", "text/csv"),
    )
    turns = maker.session.conversation.path()
    assert [*made_lines(maker.session, turns[1])] == [
        "file made: chart.csv · 8 bytes (/download 2)"
    ]
    assert [*made_lines(maker.session, turns[2])] == []
    lost = Store(maker.engine)
    lost.lost = {*ids(maker)}
    maker.session.equip(files=lambda: lost)
    assert [*made_lines(maker.session, turns[0])] == [f"file made: {ids(maker)[0]} (/download 1)"]
    maker.do("/files")
    assert maker.tables[-1].rows[0][1].startswith("File not found")
    maker.session.equip(files=lambda: None)
    assert [*made_lines(maker.session, turns[0])] == []
    with pytest.raises(UsageError, match="out of reach"):
        maker.do("/files")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("/download", ["chart.csv"]),
        ("/download 1", ["chart.csv"]),
        ("/download all", ["chart-2.csv", "chart.csv"]),
        ("/download all out", ["out/chart-2.csv", "out/chart.csv"]),
    ],
)
def test_files_are_saved_where_one_is_and_over_no_other(
    maker: Player, tmp_path: Path, line: str, names: list[str]
) -> None:
    (tmp_path / "out").mkdir()
    maker.do(line)
    written = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.csv"))
    assert written == names
    assert maker.said[-1].startswith("Saved ")
    assert maker.said[-1].endswith(" · 8 bytes")


def test_a_file_that_does_not_come_takes_a_line_and_the_others_come(
    maker: Player, tmp_path: Path
) -> None:
    first, second = ids(maker)
    maker.engine.files.keep(first, "../../secret", b"x", downloadable=False)
    maker.do("/files")
    assert maker.tables[-1].rows[0][3] == "for code only"
    maker.do("/download all")
    assert maker.said[-2] == "File 1: ../../secret is not given out by the service."
    assert [path.name for path in tmp_path.iterdir()] == ["chart.csv"]
    assert second in ids(maker)
    store = Store(maker.engine)
    store.lost = {first}
    maker.session.equip(files=lambda: store)
    maker.do("/download 1")
    assert maker.heard.startswith("File 1: File not found")


def test_much_is_asked_about_first(maker: Player, tmp_path: Path) -> None:
    for id_ in ids(maker):
        maker.engine.files.keep(id_, "big.bin", bytes(60_000_000))
    maker.agree = False
    maker.do("/download all")
    assert maker.asked == ["Download 2 files, 120 MB? y: save · N: save nothing"]
    assert (maker.heard, [*tmp_path.iterdir()]) == ("Nothing was saved.", [])
    maker.do("/download 1")
    assert len(maker.asked) == 1
    maker.engine.files.keep(ids(maker)[0], "one.bin", bytes(110_000_000))
    maker.agree = True
    maker.do("/download 1")
    assert maker.asked[-1].startswith("Download the file, 110 MB?")
    maker.do("/download! 1")
    assert len(maker.asked) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/download 3", "There is no file 3: there are 1 to 2, or all."),
        ("/download out", "There is no file out"),
        ("/download 1 nowhere", "There is no folder nowhere."),
    ],
)
def test_what_cannot_be_saved_is_said(maker: Player, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        maker.do(line)


def test_a_number_beyond_the_only_file_is_told_so() -> None:
    player = Player()
    player.do("/code on")
    player.say("demo: code file")
    with pytest.raises(UsageError, match=r"There is no file 2: there is 1 alone\."):
        player.do("/download 2")


def test_where_no_file_was_made_there_is_none_to_save() -> None:
    with pytest.raises(UsageError, match="No file was made"):
        Player().do("/download")


def test_numbers_and_folders_are_offered(maker: Player, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    offers = dict(complete_line(maker.session, "/download ")[1])
    assert [*offers] == ["1", "2", "all"]
    assert ("out/", "folder") in complete_line(maker.session, "/download 1 o")[1]
