"""Many questions in one pipe: the real program, and a service that tells what it saw."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk, Done, command
from tests.e2e.terminal import Terminal
from tests.faults.nursery import Nursery
from tests.shells.many_service import Manners, ManyService, limit_headers, many_service
from tests.soak.each import one


@dataclass
class Room:
    """A home, and a service for many."""

    desk: Desk
    service: ManyService

    def run(self, *args: str, stdin: str = "", retries: int = 0) -> Done:
        env = {"ANTHROPIC_BASE_URL": self.service.url, "CHATREPL_RETRIES": str(retries)}
        return self.desk.run(*args, stdin=stdin.encode(), env=env)

    def file(self, name: str, text: str) -> Path:
        path = self.desk.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    @property
    def asked(self) -> list[str]:
        """The text of each question, in the order in which they came."""
        return [
            "".join(block.get("text", "") for block in body["messages"][0]["content"])
            for body in self.service.bodies
        ]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def room(tmp_path: Path, nursery: Nursery) -> Iterator[Room]:
    with serve(Engine()) as served, many_service(Manners(answer="<{}>")) as service:
        yield Room(Desk(tmp_path, served, nursery), service)


def lines(count: int) -> str:
    return "".join(f"item {number}\n" for number in range(count))


def test_a_line_an_item_and_an_answer_a_line(room: Room) -> None:
    done = room.run("--each", "Country of {}?", stdin="Lima\n\nOslo\nRome")
    assert done.out == "<Country of Lima?>\n<Country of Oslo?>\n<Country of Rome?>\n"
    assert done.code == 0
    assert "3 answered" in done.err


SOURCES: list[tuple[str, tuple[str, ...], str, list[str]]] = [
    ("an item without a place comes last", ("Name",), "a\nb\n", ["Name\n\na", "Name\n\nb"]),
    ("no prompt at all", (), "a\nb\n", ["a", "b"]),
    ("objects of stdin where a field is named", ("{x}!",), '{"x":1}\n{"x":"b"}\n', ["1!", "b!"]),
    ("a whole object", ("{}",), '{"x":1}\n', ['{"x":1}']),
    ("NUL between items", ("--null", "<{}>"), "a\nb\0c", ["<a\nb>", "<c>"]),
    ("jsonl", ("--input", "i.jsonl", "{x}"), "", ["1", "b c"]),
    ("csv", ("--input", "i.csv", "{x} {y}"), "", ["1 2", "3\n4 5"]),
    ("lines of a file", ("--input", "i.txt", "{}"), "", ["a", "b"]),
    ("stdin by its name", ("--each", "--input", "-", "{}"), "a\nb\n", ["a", "b"]),
    ("line ends of others", ("{}!",), "a\r\nb\r\n", ["a!", "b!"]),
    ("a byte order mark is no text", ("{}",), "\ufeffa\nb\n", ["a", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(("args", "stdin", "asked"), [row[1:] for row in SOURCES],
                         ids=[row[0] for row in SOURCES])  # fmt: skip
def test_items_come_from_anywhere(
    room: Room, args: tuple[str, ...], stdin: str, asked: list[str]
) -> None:
    room.file("i.jsonl", '{"x": 1}\n\n{"x": "b c"}\n')
    room.file("i.csv", 'x,y\n1,2\n"3\n4",5\n')
    room.file("i.txt", "a\nb\n")
    done = room.run("--each", *args, stdin=stdin)
    assert (done.code, sorted(room.asked)) == (0, sorted(asked)), done.err


def test_each_file_is_attached_and_its_name_is_the_item(room: Room) -> None:
    for name in ("b", "a", "c"):
        room.file(f"notes/{name}.txt", f"text of {name}")
    done = room.run("--each-file", "notes/[ab].txt", "--each-file", "notes/c*", "Sum up {}")
    names = [f"notes/{name}.txt" for name in "abc"]
    assert done.out == "".join(f"<Sum up {name}>\n" for name in names)
    contents = {body["messages"][0]["content"][0]["source"]["data"] for body in room.service.bodies}
    assert contents == {"text of a", "text of b", "text of c"}


REFUSED: list[tuple[tuple[str, ...], str, str]] = [
    (("--each", "{name}"), "plain\n", "no JSON"),
    (("--each", "{name}"), '{"x": 1}\n', "{name}"),
    (("--input", "i.csv", "{z}"), "", "{z}"),
    (("--input", "i.jsonl", "{x}"), "", "item 2"),
    (("--each", "-s", "{x}", "hello"), '{"y": 1}\n', "{x}"),
    (("--each", "-p", "{x}", "hello"), '{"y": 1}\n', "{x}"),
    (("--input", "none.txt", "{}"), "", "none.txt"),
    (("--input", ".", "{}"), "", "cannot be read"),
    (("--each-file", "*.none", "{}"), "", "names no file"),
    (("--each", "-c", "{}"), "a\n", "exclude"),
    (("--each", "-i", "{}"), "a\n", "exclude"),
    (("--out", "x", "hello"), "", "--each"),
    (("--each", "-j", "0", "{}"), "a\n", "1 or more"),
    (("--each", "-a", "-", "{}"), "a\n", "standard input"),
    (("--each", "--out", "i.csv", "{}"), "a\n", "there already"),
    (("--each", "--out", "none/o", "{}"), "a\n", "no such folder"),
    *((("--each", option, name, "{}"), "a\n", "the name is too long")
      for option in ("--out", "--state") for name in ("o" * 300, f"{'o' * 300}/o")),
    (("--each", "--out", "o" * 250, "{}"), "a\n", "the name is too long"),
    (("--fetch", "msgbatch_1", "--out", f"{'o' * 300}/o"), "", "no such folder"),
    (("--each", "sk-ant-api03-" + "aB3" * 30 + " {}"), "a\n", "--yes-secrets"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "stdin", "words"), REFUSED)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    room: Room, args: tuple[str, ...], stdin: str, words: str
) -> None:
    room.file("i.jsonl", '{"x": 1}\n{"y": 2}\n')
    room.file("i.csv", "x,y\n1,2\n")
    done = room.run(*args, stdin=stdin)
    assert (done.code, done.out, room.asked) == (2, "", [])
    assert words in done.err


def test_one_object_is_not_for_many_answers(room: Room) -> None:
    done = room.run("--each", "-o", "json", "{}", stdin="a\n")
    assert (done.code, done.json["ok"], room.asked) == (2, False, [])
    assert "-o jsonl" in done.err


def test_objects_have_the_place_and_the_item(room: Room) -> None:
    room.service.manners.status = {"b": 400}
    done = room.run("--each", "-o", "jsonl", "{}", stdin="a\nb\nc\n")
    assert [(o["index"], o["input"], o["ok"], o["text"]) for o in done.events] == [
        (0, "a", True, "<a>"), (1, "b", False, ""), (2, "c", True, "<c>"),
    ]  # fmt: skip
    assert done.events[1]["error"]["status"] == 400
    assert done.code == 9
    assert "item 2 (b): " in done.err


def test_the_first_ten_of_those_that_failed_are_named(room: Room) -> None:
    room.service.manners.status = {f"item {n}": 500 for n in range(3, 16)}
    done = room.run("--each", "{}", stdin=lines(20))
    assert done.code == 9
    assert done.out.splitlines() == [
        "" if 3 <= n < 16 else f"<item {n}>" for n in range(20)
    ]  # what failed keeps its line
    assert [n for n in range(20) if f"(item {n})" in done.err] == list(range(3, 13))
    assert "3 more" in done.err


def test_answers_of_several_lines_are_parted(room: Room) -> None:
    room.service.manners.answer = "{}"
    stdin = "".join(f"{json.dumps({'t': text})}\n" for text in ("a", "b", "c\nd", "e", "f"))
    done = room.run("--each", "{t}", stdin=stdin)
    assert done.out == "a\nb\n\nc\nd\n\ne\nf\n"


def test_passing_failures_are_waited_out(room: Room) -> None:
    room.service.manners.busy = room.service.manners.torn = 0.15
    done = room.run("--each", "{}", stdin=lines(20), retries=6)
    assert (done.code, done.out) == (0, "".join(f"<item {n}>\n" for n in range(20)))
    assert set(room.service.succeeded.values()) == {1}


def test_the_same_command_again_asks_only_for_what_is_missing(room: Room) -> None:
    room.service.manners.status = {"item 2": 500}
    args = ("--each", "--out", "o.jsonl", "-o", "jsonl", "{}")
    assert room.run(*args, stdin=lines(5)).code == 9
    first = len(room.asked)
    assert room.run(*args, stdin=lines(5)).code == 9
    assert len(room.asked) == first
    room.service.manners.status = {}
    done = room.run(*args, "--retry-failed", stdin=lines(7))
    assert (done.code, len(room.asked)) == (0, first + 3)
    assert set(room.service.succeeded.values()) == {1}
    written = (room.desk.home / "o.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in written] == [f"<item {n}>" for n in range(7)]


@pytest.mark.parametrize("cut", [0, 1, 3, 40, 41, 200])
def test_an_output_cut_anywhere_is_mended_from_the_state(room: Room, cut: int) -> None:
    args = ("--each", "--out", "o.txt", "{}")
    room.run(*args, stdin=lines(9))
    path = room.desk.home / "o.txt"
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert room.run(*args, stdin=lines(9)).code == 0
    assert path.read_bytes() == whole
    assert len(room.asked) == 9


def test_a_state_of_its_own_serves_stdout(room: Room) -> None:
    args = ("--each", "--state", "s", "{}")
    assert room.run(*args, stdin=lines(3)).out == room.run(*args, stdin=lines(3)).out
    assert len(room.asked) == 3


def test_stdout_may_be_named_as_the_place_of_answers(room: Room) -> None:
    done = room.run("--each", "--out", "-", "{}", stdin=lines(2))
    assert (done.code, done.out) == (0, "<item 0>\n<item 1>\n")
    assert not list(room.desk.home.glob("-*"))


def test_who_closes_stdin_is_told_so(room: Room) -> None:
    done = room.desk.run("--each", "{}", stdin=None)
    assert (done.code, done.out) == (2, "")
    assert "standard input, which is closed." in done.err


def test_an_item_that_changed_is_asked_about(room: Room) -> None:
    args = ("--each", "--out", "o.txt", "{}")
    room.run(*args, stdin="a\nb\nc\n")
    done = room.run(*args, stdin="a\nx\nc\n")
    assert done.code == 0
    assert (room.desk.home / "o.txt").read_text() == "<a>\n<x>\n<c>\n"
    assert sorted(room.asked) == ["a", "b", "c", "x"]


def test_another_command_does_not_go_on_with_it(room: Room) -> None:
    room.run("--each", "--out", "o.txt", "{}", stdin="a\n")
    done = room.run("--each", "--out", "o.txt", "What is {}", stdin="a\n")
    assert (done.code, len(room.asked)) == (2, 1)
    assert "another prompt" in done.err


def test_refused_credentials_stop_it_and_nothing_counts_as_failed(room: Room) -> None:
    room.service.manners.status = {"item 0": 401}
    args = ("--each", "--out", "o.txt", "{}")
    assert room.run(*args, stdin=lines(5)).code == 3
    assert set(room.asked) == {"item 0"}
    room.service.manners.status = {}
    assert room.run(*args, stdin=lines(5)).code == 0


def _cache_control(body: dict[str, Any]) -> list[str]:
    return [
        str(part.get("text", part["type"]))
        for part in (*body.get("system", []), *body["messages"][0]["content"])
        if isinstance(part, dict) and "cache_control" in part
    ]


LONG = "All of this stays the same. " * 600


@pytest.mark.parametrize(
    ("args", "marked"),
    [
        (("-s", LONG, "{}"), LONG),
        ((f"{LONG}: {{}}",), f"{LONG}: "),
        (("-s", LONG, "Now {}"), "Now "),
        (("-a", "long.txt", "{}"), "document"),
        (("-a", "long.txt", "About {}"), "About "),
        (("{}",), ""),
        (("-s", "You count {}. " + LONG, "How many?"), ""),
    ],
)
def test_what_stays_the_same_is_read_from_the_cache(
    room: Room, args: tuple[str, ...], marked: str
) -> None:
    room.file("long.txt", LONG)
    done = room.run("--each", "-j", "3", *args, stdin=lines(12))
    assert done.code == 0, done.err
    for body in room.service.bodies:
        assert "cache_control" not in body
        assert _cache_control(body) == [marked] * bool(marked)
    first, *others = room.service.reads
    assert first == 0
    assert all(others) == bool(marked)


def test_the_first_goes_alone_and_then_as_many_as_were_asked_for(room: Room) -> None:
    room.service.manners.delay_s = 0.05
    assert room.run("--each", "-j", "5", "{}", stdin=lines(30)).code == 0
    first, *others = sorted(room.service.spans)
    assert min(start for start, _ in others) >= first[1]
    assert room.service.most == 5


def test_never_more_are_under_way_than_the_headers_allow(room: Room) -> None:
    room.service.manners.delay_s, room.service.manners.bound = 0.01, 3
    assert room.run("--each", "-j", "20", "{}", stdin=lines(40)).code == 0
    assert (room.service.most, room.service.over) == (3, 0)


ROWS = '{"rows": [{"name": "A, B", "age": 3}, {"name": "C", "age": null}]}'


def test_rows_are_written_as_a_table_with_the_fields_before(room: Room) -> None:
    room.service.manners.answer = ROWS
    room.file("i.csv", 'x,y\n1,"2,3"\n')
    spec = ("--rows", "name, age int?: in years")
    done = room.run("--input", "i.csv", "--with-input", *spec, "{x}")
    assert done.out == 'x,y,name,age\n1,"2,3","A, B",3\n1,"2,3",C,\n'
    done = room.run("--input", "i.csv", "-o", "jsonl", *spec, "{x}")
    assert done.events == [{"name": "A, B", "age": 3}, {"name": "C", "age": None}]
    done = room.run("--each", *spec, "--with-input", "-o", "jsonl", stdin="z\n")
    assert done.events[0] == {"input": "z", "name": "A, B", "age": 3}


def test_an_answer_with_a_row_that_does_not_fit_fails_as_a_whole(room: Room) -> None:
    room.service.manners.answer = ROWS
    done = room.run("--each", "--rows", "name, age int", "{}", stdin="a\n")
    assert (done.code, done.out) == (9, "")
    assert "Row 2" in done.err


ALONE = [
    (ROWS, 0, 'name,age\n"A, B",3\nC,\n'),
    ('[{"name": "C", "age": 1}]', 0, "name,age\nC,1\n"),
    ('{"rows": []}', 0, "name,age\n"),
    ('{"rows": [{"name": "C", "age": 1}, {"name": 5, "age": 2}]}', 8, "name,age\nC,1\n"),
    ('{"rows": [{"name": "C", "age": 1}, {"na', 8, "name,age\nC,1\n"),
    ("no rows at all", 8, ""),
    (
        '{"seen": [{"name": "B", "age": 2}], "rows": [{"name": "C", "age": 1}]}',
        0,
        "name,age\nC,1\n",
    ),
    (
        '[{"name": "C", "age": 1}, {"name": ' + "[" * 9_999 + "]" * 9_999 + "}]",
        8,
        "name,age\nC,1\n",
    ),
]


@pytest.mark.parametrize("answer", ['{"rows": []}', "[]"])
def test_an_object_a_row_and_no_row_is_an_empty_answer(room: Room, answer: str) -> None:
    room.service.manners.answer = answer
    done = room.run("--rows", "name, age int?", "-o", "jsonl", "people")
    assert (done.code, done.out) == (7, "")
    assert "no rows" in done.err


@pytest.mark.parametrize(("answer", "code", "out"), ALONE)
def test_rows_of_one_answer_are_written_if_they_fit(
    room: Room, answer: str, code: int, out: str
) -> None:
    room.service.manners.answer = answer
    done = room.run("--rows", "name, age int?", "people")
    assert (done.code, done.out) == (code, out), done.err


def test_fields_in_a_few_words_are_a_schema(room: Room) -> None:
    room.service.manners.answer = '{"name": "A", "age": 3}'
    assert room.run("--schema", "name, age int", "hi").out == '{"name": "A", "age": 3}\n'
    assert room.run("--schema", "name, age str", "hi").code == 8


GRADED = [
    (("--expect", "y"), 0),
    (("--expect", "y", "--at-least", "0.75"), 0),
    (("--expect", "y", "--at-least", "76%"), 8),
    (("--expect", "z"), 2),
    (("--expect", "y", "--at-least", "most"), 2),
]


@pytest.mark.parametrize(("args", "code"), GRADED)
def test_answers_are_compared_with_what_is_expected(
    room: Room, args: tuple[str, ...], code: int
) -> None:
    room.service.manners.answer = "{}"
    stdin = "".join(f'{{"x": "{x}", "y": "{y}"}}\n' for x, y in ("aA", "bB", "cc", "dx"))
    done = room.run("--each", "{x}", *args, stdin=stdin)
    assert done.code == code, done.err
    if code != 2:
        assert "3 of 4 right (75.0%)" in done.err
        assert "1 × 'd' for 'x'" in done.err


def test_a_form_is_asked_of_every_item(room: Room) -> None:
    room.service.manners.answer = '{"choice": "no"}'
    done = room.run("--each", "--choose", "yes,no", "{}", stdin="a\nb\n")
    assert (done.code, done.out) == (0, "no\nno\n")
    room.service.manners.answer = "```py\n1\n```"
    assert room.run("--each", "-x", "py", "{}", stdin="a\nb\n").out == "1\n1\n"


def test_it_never_costs_more_than_it_may(room: Room) -> None:
    usd = 0.002
    args = ("--each", "-m", "haiku", "-t", "300", "--set", f"max_cost_usd={usd}", "-o", "jsonl")
    done = room.run(*args, "{}", stdin=lines(400))
    assert done.code == 5
    answers = [event for event in done.events if "index" in event]
    assert answers
    assert usd / 4 < sum(event["cost_usd"] for event in answers) <= usd
    assert "Nothing more is sent." in done.err


def test_a_dry_run_tells_what_it_comes_to_and_sends_nothing(room: Room) -> None:
    done = room.run("--each", "-t", "100", "--dry-run", "About {}", stdin=lines(50))
    assert done.code == 0
    assert "About item 0" in done.out
    assert "50 requests" in done.err
    assert "≤ 5k out" in done.err
    assert room.asked == []


@pytest.mark.parametrize(
    "args", [("{}",), ("-s", "Know {}.", "why?"), ("-p", "{}:", "why?"), ("-s", "{}", "{}")]
)
@pytest.mark.parametrize("key", ["sk-ant-api03-" + "aB3" * 30, "AKIA" + "QJ7Z" * 4])
def test_keys_in_an_item_are_not_sent(room: Room, args: tuple[str, ...], key: str) -> None:
    done = room.run("--each", *args, stdin=f"a\n{key}\n")
    assert (done.code, len(room.asked)) == (9, 1)
    assert key not in done.err
    assert key not in str(room.service.bodies)
    done = room.run("--each", "--yes-secrets", *args, stdin=f"{key}\n{key}\n")
    assert (done.code, done.err.count("it is sent.")) == (0, 1)


@pytest.mark.parametrize("status", [429, 529])
def test_a_wish_to_stay_away_holds_for_all(room: Room, status: int) -> None:
    manners = room.service.manners
    manners.status, manners.once, manners.retry_after = {"item 5": status}, True, "1"
    manners.delay_s = 0.02
    done = room.run("--each", "-j", "2", "{}", stdin=lines(30), retries=2)
    assert (done.code, done.out) == (0, "".join(f"<item {n}>\n" for n in range(30)))
    starts = sorted(start for start, _ in room.service.spans)
    assert max(later - start for start, later in pairwise(starts)) > 0.9


def test_a_wish_for_very_long_stops_it_and_nothing_counts_as_failed(room: Room) -> None:
    manners = room.service.manners
    manners.status, manners.once, manners.retry_after = {"item 3": 429}, True, "600"
    args = ("--each", "-j", "1", "--out", "o.txt", "{}")
    assert room.run(*args, stdin=lines(6), retries=2).code == 4
    assert room.run(*args, stdin=lines(6)).code == 0
    assert set(room.service.succeeded.values()) == {1}


def test_nobody_there_stops_it(room: Room) -> None:
    room.service.url = "http://127.0.0.1:9"
    done = room.run("--each", "{}", stdin=lines(500))
    assert done.code == 4
    assert done.out.count("\n") < 20


@pytest.mark.parametrize("stdin", ["", "\n \n"])
def test_no_items_are_no_questions(room: Room, stdin: str) -> None:
    assert (room.run("--each", "{}", stdin=stdin).code, room.asked) == (2, [])


@contextmanager
def started(room: Room, *args: str, items: int) -> Iterator["subprocess.Popen[bytes]"]:
    source = room.file("i.txt", lines(items))
    env = room.desk.env({"ANTHROPIC_BASE_URL": room.service.url})
    with subprocess.Popen(
        command(["--input", str(source), *args, "{}"]),
        stdout=PIPE, stderr=PIPE, cwd=room.desk.home, env=env,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def test_ctrl_c_keeps_what_is_done(room: Room) -> None:
    room.service.manners.delay_s = 0.05
    with started(room, "--out", "o.txt", "-j", "2", items=200) as process:
        while len(room.service.bodies) < 8:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"answered" in err
    written = (room.desk.home / "o.txt").read_text().splitlines()
    assert written == [f"<item {n}>" for n in range(len(written))]
    assert 3 < len(written) < 200


def test_a_reader_that_leaves_stops_it_at_once(room: Room) -> None:
    room.service.manners.delay_s = 0.05
    with started(room, "-j", "2", items=2000) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == [
            f"<item {n}>\n".encode() for n in range(3)
        ]
        room.service.manners.delay_s = 60.0  # no answer comes that could not be written
        asked = len(room.service.bodies)
        while len(room.service.bodies) == asked:
            time.sleep(0.01)
        time.sleep(0.1)
        process.stdout.close()
        assert process.wait(timeout=20) in {0, 141}
    assert len(room.service.bodies) < 100


def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    assert one(1, 60, tmp_path).faults == ()


def test_on_a_terminal_the_price_is_asked_about_first(room: Room) -> None:
    room.file("i.txt", lines(30))
    room.service.manners.delay_s = 0.05
    args = command(["--input", "i.txt", "-t", "100", "--out", "o.txt", "{}"])
    env = room.desk.env({"ANTHROPIC_BASE_URL": room.service.url})
    for answer, code in (("n", 130), ("y", 0), ("", 0)):
        with Terminal(args, columns=80, rows=12, env=env, cwd=room.desk.home) as terminal:
            if answer:  # the third time there is nothing left to pay for
                terminal.wait_for(r"30 requests · ~\d+ in · ≤ 3k out · ≤ \$0\.0\d+ .*Go\? \[y/N\]")
                assert len(room.asked) == 0
                terminal.send(f"{answer}\r")
            if answer == "y":
                terminal.wait_for(r"━.*answered · \d+ left")
            assert terminal.wait_exit() == code
            assert (answer == "n") == (not (room.desk.home / "o.txt").exists())
            assert "━" not in terminal.everything() or answer == "y"
    assert len(room.asked) == 30


def test_a_long_wait_for_the_limits_is_told(room: Room) -> None:
    reset = (datetime.now(UTC) + timedelta(seconds=7)).isoformat()
    room.service.manners.headers = limit_headers("requests", 50, 0, reset)
    done = room.run("--each", "{}", stdin=lines(2))
    assert (done.code, len(room.asked)) == (0, 2)
    assert "The service's limit is reached; this goes on in " in done.err


def test_a_file_that_cannot_be_attached_fails_alone(room: Room) -> None:
    for name, text in (("a", "text"), ("b", ""), ("c", "more")):
        room.file(f"notes/{name}.txt", text)
    done = room.run("--each-file", "notes/*.txt", "Sum up {}")
    assert (done.code, len(room.asked)) == (9, 2)
    assert done.out == "<Sum up notes/a.txt>\n\n<Sum up notes/c.txt>\n"
    assert "item 2 (notes/b.txt): " in done.err
