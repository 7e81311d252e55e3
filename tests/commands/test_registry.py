"""How a slash line is taken apart, completed and told about."""

from typing import Annotated

import pytest

from chatrepl.commands.registry import REGISTRY, ArgKind, CountArg, Registry, Rest
from chatrepl.commands.slash import complete_line, looks_like_path, run_line, split
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice, Outcome
from chatrepl.session.session import Session
from tests.commands.playing import Player


@pytest.mark.parametrize("command", REGISTRY.commands, ids=lambda c: c.name)
def test_every_command_is_found_by_all_its_names_and_has_help(command: object) -> None:
    found = REGISTRY.find(command.name)  # type: ignore[attr-defined]
    assert found is command
    assert all(REGISTRY.find(alias) is command for alias in found.aliases)
    assert found.summary.endswith(".")
    assert found.usage.startswith(f"/{found.name}")
    player = Player()
    player.do(f"/help {found.name}")
    assert found.summary.split()[0] in player.heard


def test_unique_beginnings_and_the_shortest_of_nested_names_are_found() -> None:
    assert REGISTRY.find("tru").name == "truncate"
    assert REGISTRY.find("tr").name == "truncate"  # also where others begin so
    assert REGISTRY.find("mod").name == "model"
    with pytest.raises(UsageError, match="could be /"):
        REGISTRY.find("re")


def test_a_typo_gets_the_nearest_name_and_nonsense_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        REGISTRY.find("trncate")
    assert caught.value.hint == "Did you mean /truncate?"
    with pytest.raises(UsageError) as caught:
        REGISTRY.find("qqqqqqq")
    assert "/help" in caught.value.hint
    with pytest.raises(UsageError):
        REGISTRY.find("")


def test_beginnings_are_known_and_paths_are_told_apart() -> None:
    assert REGISTRY.knows("tru")
    assert not REGISTRY.knows("")
    assert not REGISTRY.knows("etc/hosts")
    for path in ("/etc/hosts is wrong", "/dev is what?", "/dev, and what else", "/nowhere/at all"):
        assert looks_like_path(path), path
    for command in ("/help", "/", "/!", "/ dev", "/nowhere at all"):
        assert not looks_like_path(command), command
    assert not looks_like_path("//etc/hosts")
    assert not looks_like_path(" ")


def test_a_line_is_split_after_its_first_word_also_over_lines() -> None:
    assert split("/system Be brief.\nAlways.") == ("system", "Be brief.\nAlways.")
    assert split("/help") == ("help", "")
    assert split("/system\nBe brief.") == ("system", "\nBe brief.")
    for blank in " \t\u00a0\u3000":  # as pasted, or typed with Option held down
        assert split(f"/prefill{blank} well") == ("prefill", " well")
        assert split(f"/{blank}undo") == ("", "undo")


def test_wrong_arguments_get_the_usage() -> None:
    for line in ("/undo x", "/undo 0", "/undo 1 2", "/goto", '/choose "', "/exit now"):
        with pytest.raises(UsageError) as caught:
            Player().do(line)
        assert "usage: /" in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(UsageError, match="nothing to confirm"):
        Player().do("/undo! 1")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/context help", "/context takes nothing, or exact."),
        ("/exit now", "/exit takes nothing."),
        ("/search", "/search needs TEXT."),
        ("/undo x", "STEPS is a number from 1 on."),
        ("/undo -1", "STEPS is a number from 1 on."),
        ("/redo 0", "STEPS is a number from 1 on."),
        ("/history 1.5", "LAST is a number from 1 on."),
        ("/edit 0", "TURN is a turn's number, or reply."),
        ("/edit last reply", "TURN is a turn's number, or reply."),
        ("/edit 2 question", "/edit takes nothing, or reply."),
        ("/goto two words", "PLACE is one word."),
        ("/undo 1 2", "usage: /undo [STEPS]"),
        ("/think maybe", "/think takes nothing, or on, off, auto, show or hide."),
        ("/export word x", "/export takes md, json, html, curl or python."),
        ("/branch two words", "A branch's name is one word."),
    ],
)
def test_what_a_command_does_not_take_is_answered_with_what_it_takes(line: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        Player().do(line)
    assert refused.value.message == words


@pytest.mark.parametrize("word", ["frobnicate", "banana", "explain"])
def test_what_is_like_no_command_gets_no_offer(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        REGISTRY.find(word)
    assert caught.value.hint == "/help lists what there is."


def test_texts_are_taken_as_typed() -> None:
    player = Player()
    player.do('/user  "quoted"  text\n  indented')

    assert player.session.conversation.path()[0].question[0].to_markdown() == (
        '"quoted"  text\n  indented'
    )


def test_a_registry_refuses_what_is_not_documented_or_taken() -> None:
    registry = Registry()

    def bare(session: Session) -> Outcome:
        del session
        return None

    with pytest.raises(TypeError, match="no docstring"):
        registry.command("bare", group="program")(bare)
    bare.__doc__ = "Do nothing."
    registry.command("bare", group="program")(bare)
    with pytest.raises(TypeError, match="twice"):
        registry.command("other", "bare", group="program")(bare)


def test_arguments_of_all_kinds_are_read_and_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    monkeypatch.setattr("chatrepl.commands.slash.REGISTRY", registry)

    def words(session: Session, text: str) -> tuple[str, ...]:
        del session
        return (f"{text}!",)

    @registry.command("try", group="program")
    def run(
        session: Session,
        count: CountArg,
        name: Annotated[str, ArgKind(complete=words)] = "",
        *,
        force: bool = False,
    ) -> Outcome:
        """Try."""
        del session
        return Notice(f"{count} {name} {force}")

    @registry.command("talk", group="program")
    def talk(
        session: Session, to: Annotated[str, ArgKind(complete=words)], text: Rest = ""
    ) -> Outcome:
        """Talk."""
        del session
        return Notice(f"{to}: {text}")

    assert run.__doc__ == "Try."
    assert talk.__doc__ == "Talk."
    session = Player().session
    assert run_line(session, "/try! 2 x") == Notice("2 x True")
    assert run_line(session, "/talk me 'a b") == Notice("me: 'a b")
    assert complete_line(session, "/try 2 ab") == (2, [("ab!", "")])
    assert complete_line(session, "/try 2 ab cd") == (2, [])
    assert complete_line(session, "/talk x y z") == (1, [])
    assert complete_line(session, "/nothing x") == (0, [])
    assert complete_line(session, "/t") == (2, [("/try ", "Try."), ("/talk ", "Talk.")])
    assert registry.commands[0].usage == "/try COUNT [NAME]"


def test_a_whole_line_argument_is_completed_as_a_whole() -> None:
    length, offers = complete_line(Player().session, "/system cl")

    assert (length, offers) == (2, [("clear", "Have none")])
    assert complete_line(Player().session, "/exit now") == (3, [])
    assert complete_line(Player().session, "/image a b")[0] == 1


def test_a_lone_apostrophe_is_a_letter() -> None:
    with pytest.raises(UsageError, match="it's"):
        Player().do("/goto it's")
