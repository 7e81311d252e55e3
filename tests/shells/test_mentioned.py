"""What a message names is attached once, and only where that was meant."""

from pathlib import Path

import pytest

from chatrepl.core.errors import AttachmentError, ToolError, UnsentError
from chatrepl.core.served import ServedFile
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import DocumentBlock
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.shells.mentioned import attach_mentions, draft_names, existing, not_mentioning
from chatrepl.shells.prompt_feeds import complete
from tests.serving import GivenServers


class Asked:
    """Somebody who answers every question so, and remembers them."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer
        self.questions: list[str] = []

    def __call__(self, question: str) -> bool | None:
        self.questions.append(question)
        return self.answer


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    for name in ("notes.txt", "src/main.py", ".env", "plan.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"this is {name}")
    return Session(Settings(), Edges(clock=lambda: 0.0, new_id=lambda: "x"))


def names(session: Session, text: str, asked: Asked, *pasted: str) -> list[str]:
    return [item.name for item in attach_mentions(session, text, asked, pasted).values()]


def test_what_is_typed_is_attached_unasked_and_each_file_once(session: Session) -> None:
    asked = Asked(answer=False)
    text = "compare @notes.txt, @./notes.txt and @src/../notes.txt with @src/main.py"

    assert names(session, text, asked) == ["notes.txt", "main.py"]
    assert asked.questions == []


def test_what_is_staged_already_is_not_attached_again(session: Session) -> None:
    staged = attach_mentions(session, "@notes.txt", Asked(answer=False))
    session.stage(*staged.values())

    assert names(session, "and @notes.txt with @plan.md", Asked(answer=False)) == ["plan.md"]


@pytest.mark.parametrize("answer", [True, False])
def test_what_was_pasted_is_asked_about(session: Session, answer: bool) -> None:
    asked = Asked(answer)
    paste = "the mail says @plan.md.\nBye"

    assert names(session, f"sum up: {paste} @notes.txt", asked, "other", paste) == (
        ["plan.md", "notes.txt"] if answer else ["notes.txt"]
    )
    assert "plan.md (pasted)" in asked.questions[0]
    assert "notes" not in asked.questions[0]


@pytest.mark.parametrize("text", ["see @plan.md", "@.env", "@../away.md with @notes.txt"])
def test_a_question_that_is_left_takes_the_text_back_whatever_is_doubtful(
    session: Session, text: str
) -> None:
    Path("../away.md").write_text("x")
    with pytest.raises(UnsentError):
        names(session, text, Asked(None), "see @plan.md")


def test_a_pasted_mention_that_was_touched_is_an_act(session: Session) -> None:
    asked = Asked(answer=False)

    assert names(session, "see @src/main.py", asked, "see @src/ma") == ["main.py"]
    assert asked.questions == []


def test_in_a_paste_what_is_not_there_is_text(session: Session) -> None:
    paste = "@nope.py @./gone.txt @src/nope.py"

    assert names(session, paste, asked := Asked(answer=False), paste) == []
    assert asked.questions == []


@pytest.mark.parametrize("answer", [True, False])
def test_what_nobody_sends_lightly_is_asked_about(session: Session, answer: bool) -> None:
    asked = Asked(answer)

    assert names(session, "use @.env", asked) == ([".env"] if answer else [])
    assert "named like a key" in asked.questions[0]


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("explain @src/maim.py please", "src/maim.py"),
        ("read @note.txt.", "note.txt"),
        ("@'my file.md'", "my file.md"),
        ("@src/README", "src/README"),
        ("mail joe@notes.txt or @joe, @types/node, @example.com", ""),
        ("@dataclass(slots=True) @app.route('/x') @media print @src @src/", ""),
        ("```\n@src/maim.py\n```", ""),
        ("@https://a.example/x.py", ""),
    ],
)
def test_what_looks_like_a_file_and_is_none_is_said(
    session: Session, text: str, missed: str
) -> None:
    asked = Asked(answer=True)
    assert names(session, text, asked) == []
    assert [missed in question for question in asked.questions] == ([True] if missed else [])
    if missed:
        for answer in (False, None):
            with pytest.raises(UnsentError, match="Not sent"):
                names(session, text, Asked(answer))


def test_a_near_name_is_offered(session: Session) -> None:
    names(session, "@src/maim.py", asked := Asked(answer=True))
    assert "Did you mean @src/main.py?" in asked.questions[0]
    names(session, "@nowhere/at.py", asked)
    assert "Did you mean" not in asked.questions[1]


def test_what_is_meant_and_cannot_be_attached_is_an_error(session: Session) -> None:
    with pytest.raises(AttachmentError, match="no such file"):
        names(session, "@./gone", Asked(answer=True))


def test_many_names_are_counted(session: Session) -> None:
    for n in range(9):
        Path(f"n{n}.key").write_text("x")
    names(session, " ".join(f"@n{n}.key" for n in range(9)), asked := Asked(answer=True))
    assert ", 5 more?" in asked.questions[0]


def test_what_was_refused_is_a_word_wherever_it_is_named(session: Session) -> None:
    text = "see @notes.txt, @./notes.txt and @plan.md"
    paths = attach_mentions(session, text, Asked(answer=False))
    assert not_mentioning(text, [path for path in paths if path.endswith("notes.txt")]) == (
        "see notes.txt, ./notes.txt and @plan.md"
    )


def test_a_draft_names_what_it_will_bring(session: Session) -> None:
    assert draft_names("see @notes.txt @plan.md @.env @nope.md", ("@plan.md",)) == (
        "notes.txt",
        "plan.md?",
        ".env?",
    )
    assert draft_names("@notes.txt " * 10_000) == ()


def test_what_a_server_serves_is_attached_and_its_name_ends_where_a_sentence_does(
    session: Session,
) -> None:
    servers = GivenServers()
    session.equip(servers=lambda: servers)
    asked = Asked(answer=False)

    mentioned = attach_mentions(session, "Is @maps:map://oslo.md, and @other:x, north?", asked)

    (file,) = mentioned.values()
    assert (file.name, servers.asked) == ("maps:map://oslo.md", ["map://oslo.md"])
    assert file.block == DocumentBlock.plain("far north", "maps:map://oslo.md")
    assert asked.questions == []


def test_all_parts_of_a_resource_go_along_and_an_empty_one_is_refused(session: Session) -> None:
    parts = (ServedFile("maps:a", b"one"), ServedFile("maps:b", b"two"))
    session.equip(servers=lambda: GivenServers(files=parts))
    (file,) = attach_mentions(session, "@maps:a", Asked(answer=False)).values()
    assert len(file.blocks) == 2

    session.equip(servers=lambda: GivenServers(files=()))
    with pytest.raises(AttachmentError, match="maps:a is empty"):
        attach_mentions(session, "@maps:a", Asked(answer=False))
    with pytest.raises(ToolError, match="down did not start"):
        attach_mentions(session, "@down:a", Asked(answer=False))


@pytest.mark.parametrize("answer", [True, False])
def test_a_resource_that_was_pasted_is_asked_about(session: Session, answer: bool) -> None:
    session.equip(servers=GivenServers)
    asked = Asked(answer)

    assert names(session, "see @maps:map://a", asked, "see @maps:map://a") == (
        ["maps:map://oslo.md"] if answer else []
    )
    assert len(asked.questions) == 1


def test_a_file_comes_before_a_resource_of_its_name(session: Session) -> None:
    Path("maps:plan").write_text("a file")
    session.equip(servers=GivenServers)

    (file,) = attach_mentions(session, "@maps:plan", Asked(answer=False)).values()
    assert file.name == "maps:plan"


def test_a_resource_that_is_refused_is_mentioned_no_more(session: Session) -> None:
    session.equip(servers=GivenServers)
    there = existing(session)

    assert draft_names("see @maps:map://oslo.md", exists=there) == ("oslo.md",)
    assert not_mentioning("see @maps:a", ["maps:a"], there) == "see maps:a"


def test_resources_are_offered_behind_the_name_of_their_server(session: Session) -> None:
    session.equip(servers=GivenServers)

    def offers(text: str) -> list[str]:
        return [one.text for one in complete(session, text, len(text))]

    assert "maps:" in offers("see @ma")
    assert offers("see @maps:map://o") == ["maps:map://oslo.md"]
    assert offers("see @maps:")[1] == "maps:map://a\\ b"
    assert offers("see @down:") == []
