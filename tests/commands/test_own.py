"""Commands of one's own at the prompt: what is sent, what holds for it, and what comes back."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatrepl.commands.own import EXAMPLE, held
from chatrepl.commands.slash import own_named
from chatrepl.config.own_commands import OwnFolders
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.exchange.plan import plan_turn
from chatrepl.core.outcome import Confirm, Edit
from chatrepl.core.settings import Settings
from chatrepl.core.talk.message import Message
from chatrepl.shells.prompt_feeds import Toolbar, complete
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load
from chatrepl.storage.saved import reopen
from chatrepl.terminal.prompt.values import Submitted
from tests.commands.playing import CutError, Player


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """A chat in an empty folder, with a place for commands of one's own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return with_folder(Player(), tmp_path / "commands")


def with_folder(player: Player, folder: Path) -> Player:
    agreed: dict[str, str] = {}
    source = OwnFolders(folder, lambda: agreed, agreed.__setitem__)
    player.session.equip(own=lambda: source)
    return player


def write(name: str, text: str, folder: str = "../commands") -> None:
    path = Path(folder, *name.split(":")).with_suffix(".md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def sent(player: Player) -> dict[str, Any]:
    return player.requests[-1].body()


def question(player: Player) -> str:
    """The text that was asked last, without what was added to it."""
    return Message("user", player.session.conversation.path()[-1].question).text


def test_a_command_sends_its_text_with_the_arguments_in_it(player: Player) -> None:
    write("review", "Look at $1, with ${2:-care}.")
    player.do("/review 'all of it'")

    assert question(player) == "Look at all of it, with care."
    assert player.statuses == [200]
    player.do("/rev x")
    assert question(player) == "Look at x, with care."


def test_what_it_says_of_its_message_holds_for_that_one_alone(player: Player) -> None:
    write(
        "tidy",
        "---\nmodel: haiku-5\neffort: low\nsystem: Be tidy.\nprefill: '1. '\n---\nTidy up.",
    )
    session, settings = player.session, player.session.settings
    player.say("hello")
    player.do("/prefill later")
    player.do("/tidy")
    body = sent(player)

    assert "tidy · model haiku-5 · effort low · system Be tidy. · prefill 1." in "".join(
        player.said
    )
    assert body["model"] == "claude-haiku-5-5"
    assert body["messages"][-1]["output_config"] == {"effort": "low"}
    assert "Be tidy." in str(body)
    assert player.text.startswith("1. ")
    assert (session.settings, session.system) == (settings, "")
    assert session.next.prefill == "later"
    player.do("/prefill clear")
    player.say("again")
    assert sent(player)["model"] == settings.model
    assert "Be tidy." not in str(sent(player).get("system", ""))
    assert player.statuses == [200] * 3


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-haiku-4-5", "claude-sonnet-5-5"])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("usual", ["", "Be kind."])
def test_the_system_prompt_comes_back_and_undo_knows_nothing_of_the_change(
    model: str, before: int, usual: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    player = with_folder(Player(Settings(model=model)), tmp_path / "commands")
    journal = Journal.new(tmp_path / "conversations")
    player.session.recorder = journal
    write("strict", "---\nsystem: Be strict.\n---\nJudge.", "commands")
    player.session.adjust(system=usual)
    for _ in range(before):
        player.say("hello")
    past = len(player.session.conversation.past)
    player.do("/strict")

    assert player.session.system == usual
    assert "Be strict." in str(sent(player))
    player.say("and now?")
    asked = sent(player)
    last = [m["content"] for m in asked["messages"] if m["role"] == "system"][-1:]
    assert "Be strict." not in str(last or asked.get("system"))
    assert player.statuses == [200] * (before + 2)
    assert journal.flush()
    kept = load(journal.path).conversation
    assert kept.state == player.session.conversation.state
    player.do("/undo 2")
    assert (player.session.system, len(player.session.conversation.path())) == (usual, before)
    assert len(player.session.conversation.past) == past


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-haiku-4-5"])
@pytest.mark.parametrize("usual", ["", "Be brief."])
@pytest.mark.parametrize(("before", "moment"), [(0, "meanwhile"), (2, "meanwhile"), (2, "before")])
def test_the_system_prompt_comes_back_also_where_all_was_killed(
    model: str,
    usual: str,
    before: int,
    moment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    player = with_folder(Player(Settings(model=model)), tmp_path / "commands")
    session, folder = player.session, tmp_path / "conversations"
    session.recorder = journal = Journal.new(folder)
    write("strict", "---\nsystem: Be strict.\n---\nJudge.", "commands")
    session.adjust(system=usual)
    for _ in range(before):
        player.say("hello")
    source = session.edges.own()
    assert source is not None
    with held(session, source.read("strict")):
        if moment == "meanwhile":
            turn = session.begin_turn(plan_turn(session.situation, Message.user("Judge.")).turn)
            session.recorder.delta(turn.id, "I am", "text")
        assert journal.flush()
        killed = tmp_path / "killed" / journal.path.name
        killed.parent.mkdir()
        killed.write_bytes(journal.path.read_bytes())

    after, (entry,) = Player(Settings(model=model)), list_entries(killed.parent)
    opened = reopen(entry)
    after.session.begin_with(opened.conversation, opened.recorder)
    assert after.session.system == usual
    assert isinstance(after.session.recorder, Journal)
    assert after.session.recorder.flush()
    assert load(killed).conversation.system == usual
    assert after.session.recorder.facts["usual_system"] is None
    assert session.system == usual


def test_where_nothing_came_all_is_as_it_was_and_the_line_is_back(player: Player) -> None:
    write("tidy", "---\nsystem: Be tidy.\nprefill: x\nattach: a.txt\nchoose: a,b\n---\nTidy $1.")
    Path("a.txt").write_text("a")
    player.say("hello")
    before = (player.session.settings, player.session.next, player.session.conversation.state)
    player.cut_after = 0
    with pytest.raises(CutError):
        player.do("/tidy up")

    after = (player.session.settings, player.session.next, player.session.conversation.state)
    assert after == before


def test_a_form_and_files_go_along_and_a_file_is_sought_beside_the_command(player: Player) -> None:
    write("judge", "---\nchoose: [good, bad]\nattach: [style.txt]\n---\nJudge @here.txt.")
    Path("../commands/style.txt").write_text("style")
    Path("here.txt").write_text("here")
    player.do("/choose yes no")
    form = player.session.next.form
    player.do("/judge")

    assert "style" in str(sent(player)["messages"])
    assert '"here"' in str(sent(player)["messages"]).replace("'", '"')
    assert "bad" in str(sent(player)["output_config"])
    assert player.session.next.form is form
    assert player.session.next.staged == ()


@pytest.mark.parametrize(
    "head", ["schema: name, age int", "schema: form.json", "rows: name, age int"]
)
def test_a_schema_is_named_or_written(player: Player, head: str) -> None:
    write("who", f"---\n{head}\n---\nWho?")
    Path("../commands/form.json").write_text(
        '{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}}}'
    )
    player.do("/who")

    assert "age" in str(sent(player)["output_config"]["format"])
    assert player.session.next.form is None


def test_a_system_prompt_may_stand_in_a_file_beside_the_command(player: Player) -> None:
    write("x", "---\nsystem: '@style.txt'\n---\nGo.")
    Path("../commands/style.txt").write_text("In rhymes.")
    player.do("/x")

    assert "In rhymes." in str(sent(player))


def test_what_a_file_says_in_vain_is_said_once(player: Player) -> None:
    write("x", "---\nallowed-tools: Bash\n---\nGo !`rm -r \u202ex` on.\u200b\u200b")
    for _ in range(2):
        player.do("/x")
    said = "\n".join(player.said)

    assert said.count("allowed-tools has no meaning here") == 1
    assert said.count("no command of it is run") == 1
    assert said.count("left out") == 1
    assert question(player) == "Go !`rm -r x` on."
    write("y", "---\nmodel: haiku\nGo on.")
    player.do("/y")
    assert "/y: no --- ends what stands at its top; all is sent as text." in player.said
    assert question(player) == "---\nmodel: haiku\nGo on."


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("{{stdin}}", "/x", "takes what a pipe brings"),
        ("---\neach: true\n---\n{}?", "/x", "asks about many items"),
        ("---\nmodel: sonet-9x\n---\ny", "/x", r"x\.md:2: There is no model sonet-9x"),
        ("---\nschema: none.json\n---\ny", "/x", r"x\.md:2: .*no such file"),
        ("---\nattach: none.txt\n---\ny", "/x", r"x\.md:2: none\.txt"),
        ("---\nsystem: '@none.txt'\n---\ny", "/x", r"x\.md:2: .*none\.txt"),
        ("---\n#\nrows: a blah\n---\ny", "/x", r"x\.md:3: .*no type"),
        ("+++\nchoose = ['a']\n+++\ny", "/x", r"x\.md:2: choose takes at least two"),
        ("---\nnonsense\n---\ny", "/x", "no key and value"),
        ("y", "/commands edit", "takes the name"),
        ("y", "/commands new ../x", "takes the name"),
        ("y", "/commands new model", "a command of chatrepl's"),
        ("y", "/commands edit nosuch", "no command /nosuch"),
        ("y", "/help nosuch", "no command /nosuch"),
        ("y", "/xz", "no command /xz"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_sent(
    text: str, line: str, words: str, player: Player
) -> None:
    write("x", text)
    before = (player.session.settings, player.session.next, player.session.conversation)
    with pytest.raises(ChatreplError, match=words):
        player.do(line)

    assert player.requests == []
    assert (player.session.settings, player.session.next, player.session.conversation) == before


def test_names_of_our_own_are_never_taken_over(player: Player) -> None:
    for name in ("undo", "q", "tree2", "und"):
        write(name, f"Mine: {name}")
    player.say("hello")
    player.do("/undo")
    assert player.session.conversation.path() == ()
    assert [own_named(player.session, word) for word in ("undo", "q", "tre", "tree", "")] == [
        ""
    ] * 5
    assert own_named(player.session, "und") == "und"
    assert own_named(player.session, "tree2") == "tree2"
    player.do("/commands")
    rows = {row[0]: row[1] for row in player.tables[-1].rows}
    assert rows["/undo"].startswith("not used")
    assert rows["/tree2"] == "Mine: tree2"
    offered = {c.display for c in complete(player.session, "/und", 4)}
    assert offered == {"/undo", "/und"}


def test_a_beginning_that_two_share_is_asked_back_and_a_slip_is_answered(player: Player) -> None:
    write("zig", "x")
    write("zag", "x")
    with pytest.raises(UsageError, match="could be /zag, /zig"):
        player.do("/z")
    with pytest.raises(UsageError) as refused:
        player.do("/zigg")
    assert refused.value.hint == "Did you mean /zig?"


def test_commands_are_completed_with_what_they_take_and_do(player: Player) -> None:
    write("review", "---\ndescription: Look at it\nargument-hint: [file]\n---\n$1")
    write("git:commit", "Commit it")
    Path("notes.txt").write_text("x")
    offers = {c.text: c.meta for c in complete(player.session, "/", 1)}

    assert offers["/review "] == "[file] · Look at it"
    assert offers["/git:commit "] == "Commit it"
    for typed in ("/review no", "/review @no", "/review a b no"):
        (found,) = complete(player.session, typed, len(typed))
        assert typed[: found.start] + found.text == typed[:-2] + "notes.txt"
    assert "/review" in [f"/{c.text}" for c in complete(player.session, "/help re", 8)]
    (edit,) = complete(player.session, "/commands edit re", 17)
    assert edit.text == "review"


def test_the_toolbar_tells_what_will_hold_while_the_command_is_typed(player: Player) -> None:
    write("tidy", "---\nmodel: haiku\neffort: low\n---\nx")
    write("plain", "x")
    write("bad", "---\nwrong\n---\nx")
    toolbar = Toolbar(player.session)
    rows = {
        line: [part.text for part in toolbar(Submitted(line)) if part.text.startswith("this once")]
        for line in (
            "",
            "/",
            "/tid",
            "/tidy",
            "/tidy up",
            "/tidy\nup",
            "tidy",
            "/plain",
            "/bad",
            "/undo",
        )
    }

    told = ["this once: model haiku · effort low"]
    assert {line for line, parts in rows.items() if parts} == {"/tidy", "/tidy up", "/tidy\nup"}
    assert rows["/tidy up"] == told


def test_help_shows_all_of_a_command(player: Player) -> None:
    write("review", "---\ndescription: Look at it\nmodel: haiku\nx-y: 1\n---\nLook at $1")
    player.do("/help review")

    for words in ("`/review [ARGUMENTS]`", "Look at it", "- model: `haiku`", "    Look at $1",
                  "x-y has no meaning", "review.md"):  # fmt: skip
        assert words in player.heard


@pytest.mark.parametrize("line", ["/deploy now", "/help deploy", "/commands"])
@pytest.mark.parametrize("agree", [True, False])
def test_the_commands_of_a_folder_are_asked_about_once(
    line: str, agree: bool, player: Player
) -> None:
    for number in range(8):
        write(f"a{number}", "x", ".chatrepl/commands")
    write("deploy", "Deploy $1", ".chatrepl/commands")
    player.agree = agree
    outcome = player.do(line)

    assert isinstance(outcome, Confirm) or line == "/commands"
    assert any(".chatrepl/commands" in said and "3 more" in said for said in player.said)
    player.agree = False
    count = len(player.said)
    if agree:
        player.do("/deploy now")
        assert question(player) == "Deploy now"
        player.do("/commands")
        assert {row[2] for row in player.tables[-1].rows} == {"here"}
    else:
        player.do("/commands")
        assert "Use them" not in player.heard
        assert player.requests == []
        assert player.said[count:] != []


def test_a_folders_command_does_not_send_what_nobody_sends_lightly(player: Player) -> None:
    Path("../private.txt").write_text("x")
    for head in (
        "attach: ../private.txt",
        "attach: .env",
        "system: '@.env'",
        "schema: ../private.txt",
    ):
        Path(".env").write_text("x")
        write("leak", f"---\n{head}\n---\nx", ".chatrepl/commands")
        with pytest.raises(UsageError, match="would send"):
            player.do("/leak")
    assert player.requests == []
    Path("plan.txt").write_text("the plan")
    write("leak", "---\nattach: plan.txt\n---\nx", ".chatrepl/commands")
    player.do("/leak")
    assert "the plan" in str(sent(player)["messages"])


def test_what_the_text_of_a_command_mentions_is_asked_about_as_if_it_were_typed(
    player: Player,
) -> None:
    Path(".env").write_text("x")
    write("leak", "What is in @.env")
    player.agree = False
    player.do("/leak")

    assert "document" not in str(sent(player)["messages"])


def test_a_command_is_written_in_the_editor_and_works_at_once(player: Player) -> None:
    player.edited = "Say $1"
    outcome = player.do("/commands new say")

    assert isinstance(outcome, Edit)
    assert outcome.text == EXAMPLE
    assert "/say [ARGUMENTS] is in" in player.heard
    assert Path("../commands/say.md").read_text() == "Say $1"
    player.do("/say hi")
    assert question(player) == "Say hi"
    player.do("/commands edit say")
    assert player.heard == "Nothing was changed."
    player.edited = "---\nwrong\n---\n"
    player.do("/commands edit /say.md")
    assert "no key and value" in player.heard
    assert "/commands edit say" in player.heard


def test_a_folders_command_that_is_edited_is_asked_about_again(player: Player) -> None:
    write("deploy", "Deploy $1", ".chatrepl/commands")
    player.do("/deploy now")
    player.edited = "Deploy all: $1"
    player.do("/commands edit deploy")

    assert "asks once more" in player.heard
    player.do("/deploy now")
    assert any("Use" in said or "speak in your name" in said for said in player.said[-3:])
    assert question(player) == "Deploy all: now"


def test_the_example_is_a_command_that_works(player: Player) -> None:
    write("example", EXAMPLE)
    player.do("/example")

    assert question(player).endswith("an eye on mistakes.")
    uncommented = "\n".join(
        line[2:] if line[2:].split(":")[0].isalpha() and line.startswith("# ") else line
        for line in EXAMPLE.replace("# choose", "# x").split("\n")
    )
    write("example", uncommented)
    player.do("/help example")
    assert "- effort: `low`" in player.heard


def test_a_command_that_cannot_be_written_says_so(player: Player, tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("a file, and no folder")
    with pytest.raises(ChatreplError, match="cannot be written"):
        player.do("/commands new x")


def test_without_a_place_there_are_none() -> None:
    player = Player()
    with pytest.raises(UsageError, match="no place"):
        player.do("/commands")
    assert list(complete(player.session, "/zzz", 4)) == []


def test_without_any_the_list_says_how_to_get_one(player: Player) -> None:
    player.do("/commands")

    assert "/commands new NAME" in player.heard


def test_an_edit_goes_on_where_it_is(player: Player) -> None:
    write("short", "In short: $@")
    player.say("one")
    player.say("two")
    player.do("/edit 1")
    player.do("/short it")

    assert len(player.session.conversation.path()) == 1
    assert question(player) == "In short: it"
    write("strict", "---\nsystem: Be strict.\n---\nx")
    player.do("/edit 1")
    before = player.session.next
    with pytest.raises(UsageError, match="being edited"):
        player.do("/strict")
    assert player.session.next == before


def test_values_that_are_not_given_change_nothing(player: Player) -> None:
    write("x", "x")
    source = player.session.edges.own()
    assert source is not None
    player.do("/prefill mine")
    player.do("/x")
    assert player.text.startswith("mine")
    before = player.session.next
    with held(player.session, source.read("x")):
        assert player.session.next == before


def test_a_folders_command_sends_the_files_that_stand_in_the_folder(player: Player) -> None:
    for name in ("plan.txt", "sub.md"):
        Path(name).write_text("Two steps.\n")
    write("plan", "---\nattach: [plan.txt, sub.md]\n---\nIs it good?", ".chatrepl/commands")
    player.do("/plan")
    assert json.dumps(sent(player)).count("Two steps.") == 2
