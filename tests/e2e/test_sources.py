"""The sources of an answer: numbered where they support it, listed at its end, or left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatrepl.demo.server import serve
from tests.e2e.answers import block, cited, in_turn, said, streamed, thought
from tests.e2e.piped import Desk, command
from tests.e2e.terminal import DONE, Terminal
from tests.e2e.test_results import CALL, CITED, FOUND
from tests.faults.raw import answering

NOTES = """\
[^1]: W <https://w.example/>
[^2]: P, page 2
[^3]: document 2, characters 0-9
[^4]: B, part 1
[^5]: K kb/7
[^6]: a source without a name
"""
ANSWER = streamed(
    thought(0, "hm"),
    said(1, "Let me look."),
    block(2, CALL),
    block(3, FOUND),
    said(4, "It is "),
    cited(5, "so", CITED["web"], CITED["page"]),
    said(6, ", and\n"),
    cited(7, "| more |\n", CITED["char"], CITED["part"], CITED["web"]),
    said(8, "\n```\n"),
    cited(9, "code\n", CITED["result"], CITED["new"]),
    said(10, "```\n"),
)
TEXT = "Let me look.\n\nIt is so{}, and\n| more{} |\n\n```\ncode\n```\n"
PLAIN = TEXT.format("", "")
MARKED = TEXT.format("[^1][^2]", "[^3][^4][^1]") + f"\n[^5][^6]\n\n{NOTES}"


@contextmanager
def desk_at(home: Path) -> Iterator[tuple[Desk, dict[str, str | None]]]:
    with serve() as served, answering(in_turn(ANSWER)) as url:
        yield Desk(home, served), {"ANTHROPIC_BASE_URL": url}


def test_a_pipe_gets_them_as_footnotes_unless_they_are_not_wanted(tmp_path: Path) -> None:
    with desk_at(tmp_path) as (desk, env):
        assert desk.run("hi", env=env).out == MARKED
        assert desk.run("hi", "--raw", env=env).out == MARKED
        assert desk.run("hi", "--set", "cite=false", env=env).out == PLAIN
        assert desk.run("hi", "-x", env=env).out == "code\n"
        assert desk.run("--each", stdin=b"hi", env=env).out == MARKED
        assert desk.run("--each", "--set", "cite=false", stdin=b"hi", env=env).out == PLAIN
        assert desk.run("--each", "-x", stdin=b"hi", env=env).out == "code\n"


@pytest.mark.parametrize("args", [(), ("hi",), ("hi", "--raw")], ids=["chat", "shot", "raw"])
@pytest.mark.parametrize("cite", ["true", "false"])
def test_a_screen_shows_them_or_does_not(args: tuple[str, ...], cite: str, tmp_path: Path) -> None:
    with desk_at(tmp_path) as (desk, env):
        run = command((*args, "--set", f"cite={cite}"))
        with Terminal(run, env=desk.env(env), cwd=tmp_path) as terminal:
            if not args:
                terminal.wait_for("Ask anything")
                terminal.send("hi").keys("enter").wait_for(DONE)
            else:
                assert terminal.wait_exit() == 0
            shown = terminal.everything()

    assert "code" in shown
    for words in ("w.example", "kb/7", "[1]" if "--raw" not in args else "[^1]"):
        assert (words in shown) is (cite == "true"), shown
