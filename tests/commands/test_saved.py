import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.api.headstart.headers import api_version
from chatrepl.api.outgoing import streaming
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.exchange.plan import plan_turn
from chatrepl.core.outcome import Notice, Page, Several, Table
from chatrepl.core.settings import Settings
from chatrepl.core.world import NoRecorder
from chatrepl.pages.saved_list import Listing, when
from chatrepl.session.next_on_disk import keep_unsent
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries, scan
from tests.commands.playing import CutError, Player
from tests.commands.trimmer import TOOLS, Trimmer


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


@pytest.fixture(name="chat")
def _chat(folder: Path) -> Iterator[Trimmer]:
    chat = begin(folder)
    yield chat
    leave(chat)


def begin(folder: Path) -> Trimmer:
    chat = Trimmer()
    chat.session.equip(library=folder)
    chat.session.equip(new_recorder=lambda: Journal.new(folder))
    chat.session.recorder = Journal.new(folder)
    return chat


def rest(chat: Trimmer) -> None:
    """Write down all that was said, as at a chat's end."""
    for conversation, recorder in (
        *chat.session.shelf.all,
        (chat.session.conversation, chat.session.recorder),
    ):
        recorder.state(conversation)
        assert isinstance(recorder, Journal)
        assert recorder.flush()


def leave(chat: Trimmer) -> None:
    rest(chat)
    for recorder in (*(kept[1] for kept in chat.session.shelf.all), chat.session.recorder):
        assert isinstance(recorder, Journal)
        recorder.close()


def offered(chat: Trimmer, line: str) -> list[str]:
    return [text for text, _ in complete_line(chat.session, line)[1]]


def labels(chat: Trimmer, line: str = "/sessions") -> list[str]:
    chat.tables.clear()
    chat.do(line)
    return [row[1] for table in chat.tables for row in table.rows]


def test_a_conversation_is_named_and_found_by_its_name(chat: Trimmer) -> None:
    chat.say("demo: say otters")
    chat.do("/save")
    assert "This conversation is saved: " in chat.heard
    chat.do("/save  My   otters")
    assert chat.heard == "This conversation is called My otters now."
    chat.do("/save")
    assert "saved as My otters" in chat.heard
    chat.do("/save my otters")
    rest(chat)

    assert labels(chat) == ["my otters"]
    assert offered(chat, "/load my") == ["my otters"]
    assert offered(chat, "/delete x") == []


def test_a_name_belongs_to_one_conversation(chat: Trimmer) -> None:
    chat.say("demo: say one")
    chat.do("/save notes")
    chat.do("/clear")
    chat.say("demo: say two")

    with pytest.raises(UsageError, match="notes already"):
        chat.do("/save Notes")


def test_where_nothing_is_saved_save_says_why() -> None:
    chat = Trimmer()
    with pytest.raises(StorageError, match="saving is off"):
        chat.do("/save x")
    chat.session.recorder = NoRecorder("the disk is full")
    with pytest.raises(StorageError, match="the disk is full"):
        chat.do("/save")


def test_nothing_is_called_saved_before_it_is_or_where_it_cannot_be(tmp_path: Path) -> None:
    chat = begin(tmp_path / "conversations")
    chat.do("/save")
    assert "is saved with its next message: " in chat.heard
    chat.do("/save notes")
    chat.do("/save")
    assert "is saved with its next message as notes: " in chat.heard

    (tmp_path / "full").touch()
    chat = begin(tmp_path / "full")
    chat.say("demo: say one")
    for line in ("/save", "/save x"):
        with pytest.raises(StorageError, match="not being saved: "):
            chat.do(line)
    chat.do("/clear")
    assert chat.heard == "A new conversation. /undo returns to the old one."


def test_a_loaded_conversation_goes_on_and_undo_returns_to_the_one_before(folder: Path) -> None:
    first = begin(folder)
    first.say("demo: say one")
    first.do("/drop! 1")
    first.say("demo: say two")
    before = first.bytes()
    leave(first)

    chat = begin(folder)
    chat.say("demo: say here")
    here = chat.session.conversation
    outcome = chat.do(f"/load {str(first.session.recorder.id)[:-1]}")

    assert isinstance(outcome, Several)
    assert [type(part) for part in outcome.outcomes] == [Notice, Page, Page]
    assert "2 turns" in chat.said[-3]
    assert "two" in chat.heard
    assert chat.bytes().count(b"say one") == before.count(b"say one") == 0
    assert chat.session.conversation.state.marks == first.session.conversation.state.marks
    chat.say("demo: say on")
    chat.do("/undo 2")
    assert chat.session.conversation.turns == here.turns
    leave(chat)


def test_loading_what_is_open_or_was_open_in_this_chat_finds_it_as_it_is(chat: Trimmer) -> None:
    chat.say("demo: say one")
    chat.do("/save first")
    chat.do("/clear")
    chat.say("demo: say two")
    chat.do("/save second")
    rest(chat)
    chat.do("/load second")
    assert chat.heard == "second is open already."

    chat.do("/load first")
    chat.say("demo: say three")
    rest(chat)
    chat.do("/load second")
    chat.do("/load first")
    assert len(chat.session.conversation.path()) == 2
    assert len(chat.session.shelf.all) == 1
    chat.do("/clear")
    chat.do("/load first")
    assert len(chat.session.conversation.path()) == 2


def test_what_is_open_elsewhere_goes_on_in_a_copy_and_says_so(folder: Path) -> None:
    one, other = begin(folder), begin(folder)
    one.say("demo: say one")
    one.do("/save shared")
    rest(one)
    other.do("/load shared")

    assert "goes on in a copy" in other.heard
    other.say("demo: say two")
    one.say("demo: say three")
    rest(one)
    rest(other)
    assert other.session.recorder.id != one.session.recorder.id
    assert [t.assistant.text for t in one.session.conversation.path() if t.assistant] == [
        "one",
        "three",
    ]
    with pytest.raises(StorageError, match="open in another"):
        other.do(f"/delete! {one.session.recorder.id}")
    leave(one)
    leave(other)
    assert len(labels(begin(folder))) == 2


def test_a_reply_that_was_cut_and_damage_are_told(folder: Path) -> None:
    chat = begin(folder)
    chat.say("demo: say one")
    recorder = chat.session.recorder
    assert isinstance(recorder, Journal)
    message = chat.session.compose("demo: say two")
    turn = chat.session.begin_turn(plan_turn(chat.session.situation, message).turn)
    recorder.delta(turn.id, "half", "text")
    recorder.delta(turn.id, "a thought", "thinking")
    recorder.flush()
    recorder.close()
    path = recorder.path
    path.write_bytes(path.read_bytes() + b"\0\0 no record \n also none\n")

    again = begin(folder)
    again.do(f"/load {recorder.id}")
    assert any("The last reply was cut" in text for text in again.said)
    assert any("2 damaged records were" in text for text in again.said)
    assert again.session.conversation.path()[-1].was_cut
    path.write_bytes(path.read_bytes())
    leave(again)


def test_sessions_and_search_find_what_is_inside(chat: Trimmer) -> None:
    assert "Nothing is saved yet." in (chat.do("/sessions"), chat.heard)[1]
    chat.say("demo: say otters swim")
    chat.do("/clear")
    chat.say("demo: say tins")
    rest(chat)

    assert labels(chat) == ["demo: say tins", "demo: say otters swim"]
    assert labels(chat, "/sessions otters") == ["demo: say otters swim"]
    chat.do("/sessions walrus")
    assert chat.heard == "No saved conversation holds that."
    (row,) = search(chat, "otters")
    assert row[1:] == ("1", "2", "otters swim")
    chat.do("/search walrus")
    assert chat.heard == "walrus was not found in any conversation."


def search(chat: Trimmer, words: str) -> tuple[tuple[str, ...], ...]:
    chat.tables.clear()
    chat.do(f"/search {words}")
    return chat.tables[-1].rows


def test_a_search_begins_in_this_conversation_and_leads_to_the_turns(chat: Trimmer) -> None:
    for words in ("otters swim", "tins", "OTTERS again"):
        chat.say(f"demo: say {words}")
    chat.do("/save wet")
    chat.do("/clear")
    chat.say("demo: say dry")
    chat.say("demo: say otters here")
    chat.say("demo: say dry")
    rest(chat)

    here, there = search(chat, "Otters")
    assert here[:3] == ("(this one)", "2", "2")
    assert there[:3] == ("wet", "1, 3", "4")
    assert there[3] == "OTTERS again"
    table = chat.tables[-1]
    assert table.sought == "Otters"
    assert table.footer == "/goto 2 goes there · /load wet 3 opens it there"
    chat.do("/goto 2")
    assert len(chat.session.conversation.path()) == 2
    chat.do("/load wet 1")
    assert chat.session.conversation.path()[-1].text == "otters swim"


def test_a_search_finds_what_was_asked_beside_at_the_turn_that_it_was_asked_after(
    chat: Trimmer,
) -> None:
    chat.do("/btw demo: say otters first")
    for words in ("one", "two", "three"):
        chat.say(f"demo: say {words}")
        chat.do(f"/btw demo: say otters after {words}" if words == "two" else "/think show")
    ((name, turns, places, where),) = search(chat, "otters after")
    assert (name, turns, places) == ("(this one)", "2", "2")
    assert where == "otters after two"
    assert len(search(chat, "otters first")) == 1
    chat.do("/btw keep")
    assert search(chat, "otters after")[0][2] == "2"
    chat.do("/save wet")
    chat.do("/clear")
    chat.say("demo: say dry")
    rest(chat)
    ((name, turns, places, where),) = search(chat, "otters after")
    assert name == "wet"
    assert "2" in turns
    assert chat.tables[-1].footer.startswith("/load wet")


def test_a_list_knows_what_was_paid_beside_and_aside(chat: Trimmer, folder: Path) -> None:
    def listed() -> float:
        rest(chat)
        (entry,) = list_entries(folder)
        assert entry.cost is not None
        assert entry.cost.at_least is session.books.talk.cost.at_least
        return entry.cost.usd

    session = chat.session
    chat.say("demo: say one")
    for line in ("/btw demo: say beside", "", "/btw demo: say more", "/btw keep", ""):
        if line:
            chat.do(line)
        else:
            chat.say("demo: say on")
        assert listed() == pytest.approx(session.books.talk.cost.usd, abs=2e-6)
    for aside in (0.25, 0.5):
        session.recorder.meta(paid_aside=[aside, aside])
        known = session.books.talk.cost.usd + aside
        assert listed() == pytest.approx(known, abs=2e-6)
    chat.say("demo: say on")
    assert listed() == pytest.approx(session.books.talk.cost.usd + 0.5, abs=3e-6)
    session.recorder.meta(paid_aside="much")


@pytest.mark.parametrize("line", ["demo: say on", "/btw demo: say beside"])
def test_a_list_tells_that_a_sum_may_be_more_where_a_reply_was_cut(
    chat: Trimmer, folder: Path, line: str
) -> None:
    def listed() -> str:
        rest(chat)
        return Listing(scan(folder), 0)[0].facts[-1]

    chat.say("demo: say one")
    assert listed() == chat.session.books.talk.paid_words()
    chat.cut_after = 4
    with pytest.raises(CutError):
        chat.do(line) if line.startswith("/") else chat.say(line)
    assert listed() == chat.session.books.talk.paid_words()
    assert listed().endswith(" or more")


@pytest.mark.parametrize("name", ["wet 7", "7", "a 1 2"])
def test_a_name_may_end_in_a_number(chat: Trimmer, name: str) -> None:
    chat.say("demo: say x")
    chat.do(f"/save {name}")
    rest(chat)
    chat.do("/clear")
    chat.do(f"/load {name}")
    assert chat.session.conversation.path()[-1].text == "x"
    chat.do("/clear")
    chat.do(f"/load {name} 1")
    assert chat.session.conversation.path()[-1].text == "x"
    with pytest.raises(StorageError, match="There is no saved conversation no 1"):
        chat.do("/load no 1")


@pytest.mark.parametrize("place", ["9", "0x", "plan"])
def test_what_is_opened_is_shown_also_where_the_turn_in_it_is_none(
    chat: Trimmer, place: str
) -> None:
    chat.say("demo: say otters")
    chat.do("/save wet")
    chat.do("/clear")
    chat.do(f"/load wet {place}")

    assert chat.session.recorder.facts["name"] == "wet"
    assert "otters" in "\n".join(chat.said[-3:])
    assert f"There is no turn or branch {place}." in chat.heard


def test_a_search_names_turns_of_other_branches_by_their_ids(chat: Trimmer) -> None:
    chat.say("demo: say otters")
    chat.say("demo: say more otters")
    left = chat.session.conversation.head
    chat.do("/undo")
    chat.say("demo: say dry")
    ((name, turns, places, _),) = search(chat, "otters")
    assert (name, turns, places) == ("(this one)", f"1, {left}", "4")
    chat.do(f"/goto {left}")
    assert chat.session.conversation.head == left


def test_a_long_list_tells_how_many_more_there_are(chat: Trimmer) -> None:
    for _ in range(31):
        chat.session.add_turn(None, chat.session.compose("x"))
        rest(chat)
        chat.do("/clear")
    chat.tables.clear()
    chat.do("/sessions")

    assert len(chat.tables[0].rows) == 30
    assert chat.tables[0].footer.startswith("1 more")


def test_what_was_left_by_clear_can_be_deleted_and_undo_returns_to_it_no_more(
    chat: Trimmer, folder: Path
) -> None:
    chat.say("demo: say one")
    chat.do("/save one")
    chat.do("/clear")
    chat.do("/delete one")
    assert chat.heard == "one is deleted."
    assert not labels(chat)
    with pytest.raises(UsageError, match="nothing to undo"):
        chat.do("/undo")
    chat.say("demo: say two")
    rest(chat)
    keep_unsent(chat.session)
    assert [entry.turns for entry in list_entries(folder)] == [1]


def test_delete_asks_first_and_never_takes_what_is_open(chat: Trimmer, folder: Path) -> None:
    old = begin(folder)
    old.say("demo: say old")
    old.do("/save old")
    leave(old)
    chat.say("demo: say one")
    chat.do("/save one")
    rest(chat)
    with pytest.raises(UsageError, match="is open"):
        chat.do("/delete one")
    chat.agree = False
    chat.do("/delete old")
    assert "old" in labels(chat)
    chat.do("/delete! old")
    assert "old" not in labels(chat)


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("md", "# demo: say otters\n\n*2027-"),
        ("json", "{"),
        ("html", "<!doctype html>"),
        ("curl", "curl "),
        ("python", "from anthropic import "),
    ],
)
def test_an_export_is_printed_or_written_and_holds_what_was_said(
    chat: Trimmer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, begins: str
) -> None:
    chat.say("demo: say otters")
    path = tmp_path / "out"
    chat.do(f"/export {form} {path}")
    written = path.read_text()
    assert written.startswith(begins)
    assert "otters" in written

    monkeypatch.chdir(tmp_path)
    chat.do(f"/export {form}")
    pages = list(tmp_path.glob("*.html"))
    if form == "html":
        assert f"written to {pages[0].name}." in chat.heard
        assert pages[0].read_text() == written
    else:
        assert (pages, chat.heard) == ([], written)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    chat.agree = False
    path.write_text("mine")
    chat.do(f"/export {form} {path}")
    assert path.read_text() == "mine"
    chat.agree = True
    chat.do(f"/export {form} {path}")
    assert path.read_text() == written
    chat.do(f"/export! {form} {path}")
    chat.do(f"/export {form} {tmp_path}")
    assert list(tmp_path.glob(f"{chat.session.recorder.id}.*"))


def test_what_would_not_end_in_a_question_is_exported_as_it_stands(chat: Trimmer) -> None:
    chat.do("/assistant Hello")
    chat.do("/export curl")

    assert "Hello" in chat.heard


@pytest.mark.parametrize("agree", [True, False])
@pytest.mark.parametrize("kind", ["file", "link to a file", "link to nothing"])
def test_what_stands_where_an_export_goes_is_asked_about(
    chat: Trimmer, tmp_path: Path, kind: str, agree: bool
) -> None:
    path, other = tmp_path / "out.md", tmp_path / "other"
    if kind != "link to nothing":
        (path if kind == "file" else other).write_text("before")
    if kind != "file":
        path.symlink_to(other)
    chat.say("demo: say one")
    chat.agree = agree
    chat.do(f"/export md {path}")
    assert "out.md exists" in chat.asked[-1]
    assert (path.exists() and "before" not in path.read_text()) is agree
    path.unlink()
    chat.do(f"/export md {path}")
    assert "was written" in chat.heard


def test_a_folder_is_never_written_over(chat: Trimmer, tmp_path: Path) -> None:
    chat.say("demo: say one")
    chat.do(f"/export md {tmp_path}")
    (written,) = tmp_path.glob("*.md")
    written.unlink()
    written.mkdir()
    with pytest.raises(UsageError, match="a folder is called so"):
        chat.do(f"/export! md {tmp_path}")


def test_nothing_is_no_export() -> None:
    chat = Trimmer()
    with pytest.raises(UsageError, match="nothing to export"):
        chat.do("/export")


def test_an_export_that_is_imported_makes_the_same_request(chat: Trimmer, tmp_path: Path) -> None:
    chat.start_with("Be brief.")
    chat.say("demo: say otters")
    chat.do(f"/export json {tmp_path / 'chat.json'}")
    before = json.loads(chat.bytes())
    chat.do(f"/import {tmp_path / 'chat.json'}")
    after = json.loads(chat.bytes())

    assert "with 1 turn." in chat.heard
    assert [m["content"][-1] for m in after["messages"]] == [
        m["content"][-1] for m in before["messages"]
    ]
    assert after["system"] == before["system"]
    chat.do("/undo")
    assert json.loads(chat.bytes())["messages"] == before["messages"]


def test_an_import_with_tools_goes_on(chat: Trimmer, tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(TOOLS)
    chat.do(f"/import {tmp_path / 'tools.json'}")
    assert "with 2 turns" in chat.heard
    chat.say("demo: say on")

    assert chat.statuses == [200]


def test_an_import_says_that_citations_of_the_users_own_are_left_out(
    chat: Trimmer, tmp_path: Path
) -> None:
    cited = [{"type": "text", "text": "Hi", "citations": [{"type": "char_location"}]}]
    (tmp_path / "cited.json").write_text(json.dumps([{"role": "user", "content": cited}]))
    chat.do(f"/import {tmp_path / 'cited.json'}")
    assert chat.heard.endswith(
        "Citations in messages of yours were left out: the service takes none there."
    )
    assert b"char_location" not in chat.bytes()


def test_an_import_says_what_it_left_out(chat: Trimmer, tmp_path: Path) -> None:
    deep = "[" * 300 + "]" * 300
    content = f'[{{"type":"text","text":"Hi"}},{{"type":"chart","y":1e999,"z":{deep},"k":1}}]'
    answer = '{"role":"assistant","content":' + content + "}"
    (tmp_path / "odd.json").write_text(f'[{{"role":"user","content":"Well?"}},{answer}]')
    chat.do(f"/import {tmp_path / 'odd.json'}")
    assert "2 values were left out" in chat.heard
    chart = json.loads(chat.bytes())["messages"][1]["content"][1]
    assert chart.keys() == {"type", "z", "k"}


def test_what_cannot_be_read_is_not_imported_and_named_without_its_quotes(
    chat: Trimmer, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="cannot be imported: there is no such file"):
        chat.do(f"/import {tmp_path}/none.json")
    (tmp_path / "a b.json").write_text('[{"role": "user", "content": "Hi"}]')
    chat.do(f'/import "{tmp_path}/a b.json"')
    assert chat.heard.startswith(f"{tmp_path}/a b.json is open, with 1 turn.")


def test_what_is_no_text_is_not_imported(chat: Trimmer, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        chat.do(f"/import {tmp_path / 'bad'}")


def test_saved_conversations_are_offered_with_time_and_title(chat: Trimmer) -> None:
    chat.talk("demo: say otters")
    recorder = chat.session.recorder
    assert isinstance(recorder, Journal)
    recorder.flush()
    (entry,) = list_entries(chat.session.edges.library)
    meaning = f"{when(entry.when)} · demo: say otters"

    assert complete_line(chat.session, "/load ")[1] == [(entry.id, meaning)]


def test_paths_are_completed(chat: Trimmer, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")

    assert any("notes.json" in text for text in offered(chat, f"/import {tmp_path}/no"))


def test_lists_are_tables_of_cells() -> None:
    chat = Trimmer()
    outcome = chat.do("/sessions")

    assert isinstance(outcome, Notice | Table)


def test_while_a_search_is_typed_what_holds_it_is_offered(chat: Trimmer) -> None:
    chat.say("demo: say otters swim")
    chat.do("/clear")
    chat.say("demo: say tins")
    rest(chat)

    _, offers = complete_line(chat.session, "/sessions otters sw")
    assert [text for text, _ in offers] == ["demo: say otters swim"]
    assert "otters swim" in offers[0][1]
    assert complete_line(chat.session, "/sessions walrus")[1] == []
    assert len(complete_line(chat.session, "/sessions ")[1]) == 2


def test_the_curl_command_holds_to_the_byte_what_went_out_last_but_for_the_cache() -> None:
    player = Player(
        Settings(model="claude-opus-5-5", betas=("one-2026-01-01",), extra_body={"seed": None})
    )
    player.say("demo: say first")
    player.do("/prefill So: ")
    player.say("demo: say second ümlaut")
    player.do("/export curl")
    ours = frozenset({"cache_control", "diagnostics"})
    assert streaming(player.requests[-1].without(ours)).decode() in player.heard
    assert "anthropic-beta: one-2026-01-01" in player.heard
    assert f"anthropic-version: {api_version()}" in player.heard
    assert "authorization: Bearer $ANTHROPIC_API_KEY" in player.heard
    player.do("/export python")
    assert "default_headers={'anthropic-beta': 'one-2026-01-01'}" in player.heard


def test_an_export_of_a_part_says_how_many_turns_it_holds(chat: Trimmer, tmp_path: Path) -> None:
    for number in range(3):
        chat.say(f"demo: say {number}")
    chat.do(f"/export json {tmp_path / 'all.json'}")
    assert "Written:" not in chat.heard
    chat.do("/drop! 1")
    chat.do(f"/export json {tmp_path / 'out.json'}")
    assert chat.heard.endswith("Written: 2 of 3 turns, what would be sent; md and html hold all.")
    chat.do("/export json")
    assert "2 of 3 turns" in chat.heard
    for form in ("md", "html"):
        chat.do(f"/export {form} {tmp_path / form}")
        assert "Written:" not in chat.heard
        assert "demo: say 0" in (tmp_path / form).read_text()


def test_above_what_is_for_people_stand_title_date_and_branch(
    chat: Trimmer, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    chat.say("demo: say otters")
    chat.do("/branch wet")
    for form, title in (("md", "# demo: say otters"), ("html", "<h1>demo: say otters</h1>")):
        chat.do(f"/export! {form} {path}")
        assert title in path.read_text()
        assert " · 1 turn · branch wet" in path.read_text()
    chat.do("/save otters")
    chat.do(f"/export! html {path}")
    assert "<title>otters</title>" in path.read_text()


@pytest.mark.parametrize(
    ("line", "file", "begins"),
    [
        ("/export talk.md", "talk.md", "# "),
        ("/export TALK.JSON", "TALK.JSON", "{"),
        ("/export talk.html", "talk.html", "<!doctype html>"),
        ("/export talk.py", "talk.py", "from anthropic"),
        ("/export talk.sh", "talk.sh", "curl"),
        ("/export the talk.md", "", "takes md"),
        ('/export "the talk.md"', "the talk.md", "# "),
        ("/export 'my talk.json'", "my talk.json", "{"),
        ('/export "the talk.pdf"', "", "of no format"),
        ("/export talk.md then.md", "talk.md then.md", "# "),
        ("/export json talk.md", "talk.md", "{"),
        ("/export talk", "", "takes md"),
    ],
)
def test_a_file_alone_tells_the_format_by_its_ending(
    chat: Trimmer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    line: str, file: str, begins: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    chat.say("demo: say hello")
    if not file:
        with pytest.raises(UsageError, match=begins):
            chat.do(line)
        return
    chat.do(line)
    assert (tmp_path / file).read_text().casefold().lstrip().startswith(begins)
