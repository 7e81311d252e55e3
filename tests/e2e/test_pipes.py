"""The contract with scripts, one row a promise: the real program against a real HTTP service."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from select import select
from typing import Any

import pytest
from PIL import Image

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import KEY, Desk, Done, command
from tests.e2e.terminal import Terminal
from tests.faults.nursery import Nursery

RESULT_KEYS = [
    "schema", "ok", "text", "parsed", "model", "stop_reason", "stop_details", "prefill", "usage",
    "cost_usd", "cost_at_least", "saved_usd", "duration_ms", "retries", "request_id", "session_id",
    "error", "message_id", "stop_sequence", "container", "content", "sources",
]  # fmt: skip
USAGE_KEYS = [
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
]  # fmt: skip
SCHEMA = '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}'
FENCED = 'say "Here:\\n\\n```python\\nprint(1)\\n```\\n\\n```sh\\nls\\n```\\n"'
NATIVE = ("-m", "claude-haiku-4-5")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def quick(desk: Desk, nursery: Nursery) -> Desk:
    """Give a desk for many rows of a kind: not each of them loads the program anew."""
    return replace(desk, nursery=nursery)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]\
/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


# What is asked: stdin, PROMPT, attachments.

ASKED: list[tuple[str, tuple[str, ...], bytes, str]] = [
    ("stdin is the prompt", (), b"from stdin\n", "from stdin\n"),
    ("PROMPT alone", ("two", "words"), b"", "two words"),
    ("stdin first, the instruction last", ("sum", "it up"), b"a\nb\n",
     "<stdin>\na\nb\n</stdin>\n\nsum it up"),
    ("blank stdin counts as none", ("hello",), b" \n\t\n", "hello"),
    ("a blank PROMPT counts as none", (" ",), b"hello", "hello"),
    ("words after -- are words", ("--", "-m", "--help"), b"", "-m --help"),
    ("a byte order mark is no text", (), b"\xef\xbb\xbfhello", "hello"),
    ("UTF-16 is read", (), "häß".encode("utf-16"), "häß"),
    ("Latin-1 is read", (), b"caf\xe9 noir", "café noir"),
    ("Shift-JIS is read", (), "東京の地図です。".encode("shift_jis"), "東京の地図です。"),
    ("NUL is replaced", (), b"\xef\xbb\xbfa\0b", "a\ufffdb"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "stdin", "asked"), [row[1:] for row in ASKED],
                         ids=[row[0] for row in ASKED])  # fmt: skip
def test_one_message_is_asked(quick: Desk, args: tuple[str, ...], stdin: bytes, asked: str) -> None:
    quick.served.engine.script('say "Good **day**"')

    done = quick.run(*args, stdin=stdin)

    assert (done.code, done.out) == (0, "Good **day**\n"), done.err
    assert len(quick.bodies) == 1
    assert quick.asked == asked
    assert ("standard input is not" in done.err) == (not asked.isascii())
    assert quick.files == []  # nothing is kept unless it is asked for


def test_undecodable_arguments_are_sent_as_replacement_characters(desk: Desk) -> None:
    done = subprocess.run(
        [*command(()), b"a\xffb"], env=desk.env(), stdin=subprocess.DEVNULL, capture_output=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0
    assert desk.asked == "a\ufffdb"


@pytest.mark.parametrize("stdin", [None, b"", b" \n"], ids=["closed", "empty", "blank"])
def test_no_question_is_usage_and_never_hangs(desk: Desk, stdin: bytes | None) -> None:
    done = desk.run(stdin=stdin, env={"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None})

    assert (done.code, done.out) == (2, "")
    assert "usage: chatrepl" in done.err


def test_files_of_every_kind_become_attachments(desk: Desk) -> None:
    (desk.home / "notes.txt").write_text("some notes", encoding="utf-8")
    (desk.home / "a b.png").write_bytes(png())

    args = ("-a", "notes.txt", "--image", "a b.png", "-a", "-", "-a", "https://example.com/x.pdf")
    done = desk.run(*args, "look", stdin=PDF)

    assert done.code == 0, done.err
    kinds = [(block["type"], block.get("source", {}).get("type")) for block in desk.content]
    assert kinds == [
        ("document", "text"), ("image", "base64"), ("document", "base64"), ("document", "url"),
        ("text", None),
    ]  # fmt: skip
    assert base64.b64decode(desk.content[2]["source"]["data"]) == PDF


@pytest.mark.parametrize(("stdin", "kind"), [(png(), "image"), (PDF, "document")])
def test_a_picture_or_pdf_on_stdin_is_attached(desk: Desk, stdin: bytes, kind: str) -> None:
    done = desk.run("what is this?", stdin=stdin)

    assert done.code == 0, done.err
    assert [block["type"] for block in desk.content] == [kind, "text"]


# How the answer is written.


def test_only_the_answer_is_on_stdout_in_every_text_manner(quick: Desk) -> None:
    quick.served.engine.script(*[FENCED] * 4, 'say "\\u001b[31mred\\n\\n"', "say x")
    whole = "Here:\n\n```python\nprint(1)\n```\n\n```sh\nls\n```\n"

    assert quick.run("go").out == whole
    assert quick.run("go", "--raw", "-v", env={"FORCE_COLOR": "1"}).out == whole
    assert quick.run("-x", "sh", "go").out == "ls\n"
    assert quick.run("go", "-x").out == "print(1)\n"
    assert quick.run("go").out == "^[[31mred\n"
    quiet = quick.run("go", "-q")
    assert (quiet.out.splitlines()[0][0], quiet.err) == ("x", "")


def test_verbose_sums_the_turn_up_on_stderr(desk: Desk) -> None:
    done = desk.run("hello", "-v")

    assert done.err.rstrip().endswith(" s")
    assert " in · " in done.err


def test_no_price_of_the_demo_stands_without_its_name(desk: Desk) -> None:
    one = desk.run("--demo", "-v", "hello")
    many = desk.run("--demo", "--each", "hello {}", stdin=b"you")

    for done in (one, many):
        assert re.search(r"\$[\d.]+ \(demo\) · [\d.]+ s$", done.err.rstrip())


def test_json_is_one_object_with_the_keys_of_the_contract(desk: Desk) -> None:
    desk.served.engine.script("say hello")

    done = desk.run("-o", "json", "hi")

    assert list(done.json) == RESULT_KEYS
    assert list(done.json["usage"])[:4] == USAGE_KEYS
    assert done.json["text"].rstrip("\n") == "hello"
    assert done.json["ok"] is True
    assert done.json["cost_usd"] > 0
    assert done.json["request_id"].startswith("req_")
    assert done.json["session_id"] is done.json["error"] is None
    assert (done.code, done.err) == (0, "")


def test_json_lines_tell_what_happens_as_it_happens(desk: Desk) -> None:
    desk.served.engine.script("error 529 x1 retry-after ms 20", "say hello there")

    done = desk.run("-o", "jsonl", "hi", env={"CHATREPL_RETRIES": "2"})

    kinds = [event["type"] for event in done.events]
    assert kinds[0] == "retry"
    assert kinds[1] == "start"
    assert kinds[-1] == "result"
    assert {"text", "thinking"} >= set(kinds[2:-1])
    result = done.events[-1]
    said = "".join(event["delta"] for event in done.events if event["type"] == "text")
    assert said == result["text"]
    assert list(result) == ["type", *RESULT_KEYS]
    assert result["retries"] == 1


def test_json_lines_leave_the_program_before_the_answer_is_whole(desk: Desk) -> None:
    desk.served.engine.script("stream stall after 6; say one two three four")

    with desk.start("-o", "jsonl", "hi") as process:
        assert process.stdout is not None
        assert select([process.stdout], [], [], 30)[0], "nothing came while the service waited"
        assert json.loads(process.stdout.readline())["type"] == "start"
        assert process.poll() is None


# Exit codes.

CODES: list[tuple[str, int, tuple[str, ...], tuple[str, ...], str]] = [
    ("end_turn", 0, ("say fine",), (), "fine"),
    ("max_tokens", 0, ("stop max_tokens",), (), ""),
    ("a request that is refused", 1, ("error 400",), (), ""),
    ("a model nobody knows", 2, (), ("-m", "claude-nonesuch-1"), ""),
    ("a key that is refused", 3, ("error 401",), (), ""),
    ("no permission", 3, ("error 403",), (), ""),
    ("overloaded", 4, ("error 529",), (), ""),
    ("a rate limit", 4, ("error 429",), (), ""),
    ("a server error", 4, ("error 500",), (), ""),
    ("out of reach", 4, ("error refused",), (), ""),
    ("too large", 5, ("error 413",), (), ""),
    ("cut where the whole was asked for", 6, ("stop max_tokens",), ("--schema", SCHEMA), ""),
    ("cut inside of what is extracted", 6, ("stop max_tokens",), ("-x",), ""),
    ("a refusal", 7, ("stop refusal",), (), ""),
    ("an empty answer", 7, ('say ""',), (), ""),
    ("no such schema", 8, ('only {"a": 1}',), ("--schema", SCHEMA), ""),
    ("no such choice", 8, ("only perhaps",), ("--choose", "yes,no"), ""),
    ("nothing to extract", 8, ("say no code",), ("-x", "sh"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "steps", "args", "out"), [row[1:] for row in CODES],
                         ids=[row[0] for row in CODES])  # fmt: skip
def test_the_exit_code_tells(
    quick: Desk, code: int, steps: tuple[str, ...], args: tuple[str, ...], out: str
) -> None:
    quick.script(*steps, *steps)
    text = quick.run("go", *args)
    result = quick.run("go", *args, "-o", "json").json

    assert text.code == code, text.err
    assert out in text.out
    assert KEY not in text.out + text.err
    if code == 0:
        assert text.out.strip()
    else:
        assert text.err.startswith("chatrepl: ") or "\nchatrepl: " in text.err
        assert "Traceback" not in text.err
    if code in {6, 8}:
        assert text.out == ""
    assert list(result) == RESULT_KEYS
    assert result["ok"] is (code == 0)
    if code:
        assert list(result["error"]) == ["type", "status", "message", "retryable", "request_id"]


USAGE: list[tuple[str, int, tuple[str, ...], str]] = [
    ("an unknown option", 2, ("--nonesuch",), "--nonesuch"),
    ("an unknown value", 2, ("-o", "yaml"), "yaml"),
    ("no number", 2, ("-t", "many"), "-t"),
    ("a number out of bounds", 2, ("-t", "-1"), "max_tokens"),
    ("a missing value", 2, ("-m",), "-m"),
    ("options that contradict", 2, ("--save", "x", "--no-save"), "--no-save"),
    ("a name of several models", 2, ("-m", "5-5"), "claude-opus-5-5"),
    ("a file that is not there", 2, ("-a", "nowhere.png"), "nowhere.png"),
    ("a folder", 2, ("-a", "/"), "/"),
    ("a device", 2, ("-a", "/dev/zero"), "/dev/zero"),
    ("a system prompt that is not there", 2, ("-s", "@nowhere.md"), "nowhere.md"),
    ("a configuration that is not there", 2, ("--config", "nowhere.toml"), "nowhere.toml"),
    ("a profile that is not there", 2, ("--profile", "nowhere"), "nowhere"),
    ("a setting that is none", 2, ("--set", "modle=x"), "model"),
    ("a schema that is none", 2, ("--schema", "{"), "JSON"),
    ("a schema that is not there", 2, ("--schema", "nowhere.json"), "nowhere.json"),
    ("one choice", 2, ("--choose", "yes"), "two"),
    ("a conversation that is not there", 2, ("-r", "nowhere"), "nowhere"),
    ("no conversation to go on with", 2, ("-c",), "conversation"),
    ("a key over plain http", 2, ("--base-url", "http://example.com"), "http"),
    ("an address that is none", 2, ("--base-url", "nowhere"), "nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "args", "word"), [row[1:] for row in USAGE],
                         ids=[row[0] for row in USAGE])  # fmt: skip
def test_a_mistake_gets_one_clear_line_and_nothing_is_sent(
    quick: Desk, code: int, args: tuple[str, ...], word: str
) -> None:
    done = quick.run("hello", *args)

    first, *rest = done.err.splitlines()
    assert done.code == code, done.err
    assert first.startswith("chatrepl: ")
    assert word in done.err
    assert len(rest) <= 2
    assert done.out == ""
    assert quick.served.requests == []


def test_a_mistake_is_an_object_where_objects_are_asked_for(desk: Desk) -> None:
    done = desk.run("hello", "--json", "--set", "nonsense=1")

    assert list(done.json) == RESULT_KEYS
    assert done.json["error"]["type"] == "usage_error"
    assert done.code == 2


@pytest.mark.parametrize("args", [("--nonesuch",), ("-t", "many"), ("hello", "-m")])
def test_a_line_nobody_can_read_is_an_object_too(quick: Desk, args: tuple[str, ...]) -> None:
    for manner in (("-o", "json"), ("--json",), ("-ojsonl",), ("--output=jsonl",)):
        done = quick.run(*manner, *args)

        assert done.code == 2
        assert [key for key in done.json if key != "type"] == RESULT_KEYS
        assert done.json["error"]["type"] == "usage_error"


def test_without_credentials_it_says_how_to_get_going(desk: Desk) -> None:
    done = desk.run("hello", env={"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None})

    assert (done.code, done.out) == (3, "")
    assert "ANTHROPIC_API_KEY" in done.err
    assert "--demo" in done.err


def test_the_demo_engine_needs_no_key_and_no_network(desk: Desk) -> None:
    done = desk.run("hello", "--demo", env={"ANTHROPIC_API_KEY": None})

    assert done.code == 0
    assert "demo" in done.out
    assert desk.served.requests == []


def test_bad_configuration_names_file_line_and_key(quick: Desk) -> None:
    bad = quick.home / "bad.toml"
    bad.write_text('model = "opus"\nmodle = 3\n', encoding="utf-8")
    broken = quick.home / "broken.toml"
    broken.write_text("model = \n", encoding="utf-8")

    for path, word in ((bad, "bad.toml:2: "), (broken, "broken.toml:1")):
        done = quick.run("hello", "--config", str(path))
        assert done.code == 2
        assert word in done.err.splitlines()[0]


def test_settings_reach_the_request_in_their_order(quick: Desk) -> None:
    (quick.home / "c.toml").write_text(
        'model = "opus-5-5"\nmax_tokens = 100\n[profiles.short]\nmax_tokens = 50\n', "utf-8"
    )
    (quick.home / "sys.md").write_text("Be kind.\n", encoding="utf-8")
    given = ("--config", "c.toml", "--profile", "short", "-s", "@sys.md")

    assert quick.run("hi", *given).code == 0
    assert quick.run("hi", *given, "-t", "9", "-m", "haiku-5-5").code == 0
    assert quick.run("hi", *given, "--set", "effort=low", "--set", "stop_sequences=a,b").code == 0

    first, second, third = quick.bodies
    assert (first["model"], first["max_tokens"]) == ("claude-opus-5-5", 50)
    assert first["system"].strip() == "Be kind."
    assert (second["model"], second["max_tokens"]) == ("claude-haiku-5-5", 9)
    assert third["output_config"]["effort"] == "low"
    assert third["stop_sequences"] == ["a", "b"]


# Prefill, schemas, choices.


@pytest.mark.parametrize(
    ("args", "mode"),
    [
        (NATIVE, "native"),
        ((), "emulated"),
        (("--schema", SCHEMA), "schema"),
    ],
    ids=["native", "emulated", "schema"],
)
def test_a_prefill_works_on_every_model_and_the_mode_is_told(
    quick: Desk, args: tuple[str, ...], mode: str
) -> None:
    result = quick.run("-o", "json", "-p", "Sure: ", "go", *args).json

    assert result["ok"], result
    assert result["prefill"] == {"text": "Sure: ", "mode": mode}
    assert result["text"].startswith("Sure: ") or mode == "schema"
    assert result["text"].count("Sure:") <= 1
    assert (quick.bodies[0]["messages"][-1]["role"] == "assistant") == (mode == "native")


def test_prefilled_text_on_a_pipe_begins_with_the_prefill(desk: Desk) -> None:
    done = desk.run("-p", "Sure: ", "go", *NATIVE)

    assert done.out.startswith("Sure: ")


def test_a_schema_goes_out_as_the_service_takes_it_and_is_checked_whole(quick: Desk) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}}
    (quick.home / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    quick.script('only {"n": 7}', 'only {"n": 3}')

    good = quick.run("-o", "json", "--schema", "s.json", "go")
    bad = quick.run("--schema", "s.json", "go")

    assert good.json["parsed"] == {"n": 7}
    sent = quick.bodies[0]["output_config"]["format"]["schema"]
    assert sent["additionalProperties"] is False
    assert "minimum" not in sent["properties"]["n"]
    assert (bad.code, bad.out) == (8, "")
    assert "n: 3 is less than the minimum of 5" in bad.err
    assert '{"n": 3}' in bad.err  # what came is not lost


def test_a_form_the_service_cannot_enforce_is_asked_for_in_words_and_checked(quick: Desk) -> None:
    loop = '{"type":"object","properties":{"next":{"$ref":"#"}}}'
    quick.script('only ```json\n{"next": {}}\n```', "only Yes.")

    looped = quick.run("--schema", loop, "go")
    chosen = quick.run("--choose", "yes,no", "go", "-m", "some-other-model")

    assert (looped.code, looped.out) == (0, '{"next": {}}\n'), looped.err
    assert "output_config" not in quick.bodies[0]
    assert '"$ref"' in json.dumps(quick.bodies[0]["messages"]).replace('\\"', '"')
    assert (chosen.code, chosen.out) == (0, "yes\n"), chosen.err
    assert "output_config" not in quick.bodies[1]


def test_a_choice_is_printed_bare(desk: Desk) -> None:
    done = desk.run("--choose", "red, green", "green please")

    assert (done.code, done.out) == (0, "green\n"), done.err


# What is sent, or would be.


@pytest.mark.parametrize("manner", ["text", "json"])
def test_a_dry_run_shows_the_request_tokens_and_price_and_sends_nothing(
    desk: Desk, manner: str
) -> None:
    done = desk.run("hello", "--dry-run", "-o", manner, env={"ANTHROPIC_API_KEY": None})

    assert done.code == 0, done.err
    assert desk.served.requests == []
    shown = json.loads(done.out)
    body = shown if manner == "text" else shown["request"]
    assert body["messages"][0]["content"][0]["text"] == "hello"
    if manner == "text":
        assert "tokens in" in done.err
        assert "$" in done.err
    else:
        assert shown["input_tokens"] > 0
        assert shown["cost_usd"] > 0


def test_a_dry_run_shows_the_very_request_that_is_sent(desk: Desk) -> None:
    args = ("hello", "-s", "Be brief.", "-p", "Well", "-t", "77")

    shown = json.loads(desk.run(*args, "--dry-run").out)
    assert desk.run(*args).code == 0

    assert shown == desk.bodies[0] | {"max_tokens": shown["max_tokens"]}


# Saved conversations.


def test_a_single_shot_is_kept_only_where_that_is_asked_for(quick: Desk) -> None:
    saved = quick.run("--save", "notes", "my name is Ada", "-o", "json")
    assert saved.json["session_id"], saved.err
    newest = quick.run("-c", "what is my name?", "-o", "json")
    named = quick.run("-r", "notes", "and again: what is my name?")
    taken = quick.run("--save", "notes", "hello")
    listed = quick.run("--sessions")
    found = quick.run("--sessions", "ada", "-o", "json")

    assert "Ada" in newest.json["text"]
    assert newest.json["session_id"] == saved.json["session_id"]
    assert "Ada" in named.out
    assert len(quick.bodies[-1]["messages"]) == 5
    assert (taken.code, "notes" in taken.err) == (2, True)
    assert "notes" in listed.out
    assert [s["turns"] for s in found.json["sessions"]] == [3]
    modes = {path.stat().st_mode & 0o777 for path in quick.files}
    assert modes == {0o600}


def test_a_disk_that_refuses_is_told_after_the_answer(desk: Desk) -> None:
    done = desk.run("--save", "x", "hello", env={"XDG_STATE_HOME": "/proc/nowhere"})

    assert done.code == 1
    assert done.out
    assert "not saved" in done.err


# Pages.


def test_models_are_listed_from_the_service_for_people_and_programs(desk: Desk) -> None:
    plain = desk.run("--models")
    again = desk.run("--models", "-o", "json")

    assert "claude-sonnet-5-5" in plain.out
    assert "\x1b" not in plain.out
    assert {"id", "context_window", "prefill"} <= set(again.json["models"][0])
    asked = [r for r in desk.served.requests if r.path.startswith("/v1/models")]
    assert len(asked) == 1  # the second answer came from the disk


def test_the_doctor_says_what_is_fine_and_how_to_mend_the_rest(desk: Desk) -> None:
    fine = desk.run("--doctor")
    sick = desk.run("--doctor", env={"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None})

    assert fine.code == 0, fine.out
    assert len(fine.out.splitlines()) == 6
    assert KEY not in fine.out
    assert sick.code == 1
    assert "mend  key" in sick.out
    assert "ANTHROPIC_API_KEY" in sick.out


def test_help_version_and_completion_are_printed(desk: Desk) -> None:
    shown = desk.run("--help")
    version = desk.run("--version")
    completion = desk.run("--show-completion", "zsh")
    unknown = desk.run("--show-completion", "nonesuch")

    assert "--schema" in shown.out
    assert version.out.startswith("chatrepl ")
    assert completion.out.startswith("#compdef chatrepl\n")
    assert shown.code == version.code == completion.code == 0
    assert (unknown.code, unknown.out, unknown.err.count("\n")) == (2, "", 1)


# Signals, broken pipes, full disks.


def _begun(process: "subprocess.Popen[bytes]") -> bytes:
    """Wait for the first of the answer."""
    assert process.stdout is not None
    return os.read(process.stdout.fileno(), 100)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
)
def test_a_signal_ends_the_answer_with_what_came(desk: Desk, number: int, code: int) -> None:
    desk.served.engine.script("count 2000; pace 50", "count 2000; pace 50")
    with desk.start("go") as process:
        first = _begun(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, b"")
    assert first
    assert (first + out).endswith(b"\n")

    with desk.start("go", "-o", "jsonl") as process:
        first = _begun(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    last = json.loads((first + out).splitlines()[-1])
    assert process.returncode == code
    assert last["error"]["type"] == ("interrupted" if code == 130 else "terminated")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_stdin_is_awaited_ends_at_once(desk: Desk, number: int, code: int) -> None:
    with desk.start(stdin=subprocess.PIPE) as process:
        _until(lambda: _has_loaded(process.pid))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (code, b"", b"")
    assert desk.served.requests == []

    with desk.start("-o", "json", stdin=subprocess.PIPE) as process:
        _until(lambda: _has_loaded(process.pid))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (code, b"")
    assert json.loads(out)["error"]["type"] in {"interrupted", "terminated"}


def _has_loaded(pid: int) -> bool:
    """Tell whether the thread that reads stdin is there."""
    return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1


def _until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it never came")


@pytest.mark.parametrize("kind", ["torn", "cut", "error", "stall"])
def test_a_reply_that_breaks_off_is_flushed_as_far_as_it_came(quick: Desk, kind: str) -> None:
    quick.served.engine.script(f"stream {kind} after 3")

    done = quick.run("go", "--set", "timeout_s=1")

    assert done.code in {1, 4}
    assert done.out.strip()
    assert done.out.endswith("\n")
    assert done.err


def test_a_reader_that_leaves_ends_it_quietly(desk: Desk) -> None:
    desk.served.engine.script("long 20000")
    with desk.start("go") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(60)

    assert (process.returncode, err) == (141, b"")


def test_a_closed_stdout_is_told_before_anything_is_sent(desk: Desk) -> None:
    done = desk.run("go", preexec_fn=lambda: os.close(1))

    assert done.code == 1
    assert len(done.err.splitlines()) == 2
    assert desk.served.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("manner", ["text", "json"])
def test_a_full_disk_behind_stdout_is_one_line(desk: Desk, manner: str) -> None:
    with Path("/dev/full").open("wb") as full, desk.start("go", "-o", manner, stdout=full) as run:
        _, err = run.communicate(timeout=60)

    assert run.returncode == 1
    assert len(err.splitlines()) == 1
    assert b"space" in err


def test_a_closed_or_full_stderr_does_not_spoil_the_answer(desk: Desk) -> None:
    desk.served.engine.script("say a; stop max_tokens", "error 400")
    with Path("/dev/full").open("wb") as full:
        with desk.start("go", "-v", stderr=full) as run:
            out, _ = run.communicate(timeout=60)
        assert (run.returncode, bool(out)) == (0, True)
        with desk.start("go", stderr=full) as run:
            run.communicate(timeout=60)
        assert run.returncode == 1


def test_without_a_home_it_still_answers(desk: Desk) -> None:
    done = desk.run("hello", env={"HOME": None})

    assert done.code == 0, done.err


def test_too_much_on_stdin_is_refused_in_little_memory(desk: Desk) -> None:
    code = (
        "import os, resource, subprocess, sys\n"
        "done = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "piece = b'words ' * 200_000\n"
        "try:\n"
        "    for _ in range(170): done.stdin.write(piece)\n"
        "    done.stdin.close()\n"
        "except BrokenPipeError: pass\n"
        "err = done.stderr.read().decode()\n"
        "_, status, usage = os.wait4(done.pid, 0)\n"
        "print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1024, err)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command(())], env=desk.env(), capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip

    exit_code, megabytes, said = done.stdout.split(maxsplit=2)
    assert int(exit_code) == 5, said
    assert int(megabytes) <= 200
    assert "32 MB" in said
    assert desk.served.requests == []


@pytest.mark.parametrize(
    "stdin", [b"\x7fELF\0\1\2", b"PK\3\4" + b"\0" * 40, os.urandom(5000), b"text\0text"],
    ids=["program", "archive", "noise", "NUL"],
)  # fmt: skip
def test_other_binary_on_stdin_is_refused(quick: Desk, stdin: bytes) -> None:
    done = quick.run("what is this?", stdin=stdin)

    assert (done.code, done.out) == (2, "")
    assert "neither an image nor a PDF" in done.err
    assert quick.served.requests == []


def test_a_bug_leaves_a_private_log_and_one_line(desk: Desk) -> None:
    code = (
        "import chatrepl.cli.start as start, sys\n"
        f"def broken(*given): key = '{KEY}'; raise RuntimeError(key)\n"
        "start._run = broken\n"
        "from chatrepl.__main__ import main\n"
        "main()\n"
    )
    done: Any = subprocess.run(
        [sys.executable, "-c", code, "hello", "-o", "json"], env=desk.env(), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    done = Done(done.returncode, done.stdout, done.stderr)

    assert done.code == 70
    assert list(done.json) == RESULT_KEYS
    assert done.json["error"]["type"] == "bug"
    assert len(done.err.splitlines()) == 1
    (log,) = desk.files
    assert str(log) in done.err
    assert log.is_relative_to(desk.home / ".local" / "state" / "chatrepl")
    assert log.stat().st_mode & 0o777 == 0o600
    assert "RuntimeError" in log.read_text()
    assert KEY not in log.read_text() + done.err


# On a terminal.


def test_status_is_on_stderr_only_where_it_is_a_terminal_and_never_on_a_dumb_one(
    desk: Desk,
) -> None:
    for term, shows in (("xterm-256color", True), ("dumb", False)):
        desk.script("slow 1.2; say hello")
        with Terminal(
            ["sh", "-c", 'exec "$@" > out.txt', "sh", *command(("go",))],
            env=desk.env({"TERM": term}), cwd=desk.home,
        ) as terminal:  # fmt: skip
            assert terminal.wait_exit() == 0
            assert (b"waiting" in terminal.raw) == shows
            assert (b"\x1b[K" in terminal.raw) == shows
        assert (desk.home / "out.txt").read_text(encoding="utf-8").startswith("hello")


def test_an_answer_on_a_terminal_is_rendered_and_its_colours_can_be_left_out(desk: Desk) -> None:
    for more, args, bold, marks in (
        ({}, (), True, False),
        ({"TERM": "dumb"}, (), False, False),
        ({}, ("--raw",), False, True),
    ):
        desk.script("only a **word** here")
        with Terminal(command(("go", *args)), env=desk.env(more), cwd=desk.home) as terminal:
            assert terminal.wait_exit() == 0
            raw = bytes(terminal.raw)
        assert (b"\x1b[1m" in raw) == bold
        assert (b"**word**" in raw) == marks


@pytest.mark.parametrize("args", [("--raw",), ("--set", "render=raw"), ("-x", "--raw")])
def test_no_control_reaches_a_terminal_where_nothing_is_rendered(
    desk: Desk, args: tuple[str, ...]
) -> None:
    said = "```\na\x1b]0;owned\x07\x9b31m\u202eb\U000e0041\n```"
    desk.script(f"only {said}")
    with Terminal(
        command(("go", *args)), env=desk.env({"TERM": "dumb"}), cwd=desk.home
    ) as terminal:
        assert terminal.wait_exit() == 0
        shown = bytes(terminal.raw).decode()

    assert "a^[]0;owned^G" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e\U000e0041")


def test_each_variable_moves_its_folder(quick: Desk, tmp_path: Path) -> None:
    folders = {kind: tmp_path / "moved" / kind for kind in ("config", "state", "cache")}
    env = {f"CHATREPL_{kind.upper()}_DIR": str(folder) for kind, folder in folders.items()}
    folders["config"].mkdir(parents=True)
    (folders["config"] / "config.toml").write_text("max_tokens = 88\n")

    assert quick.run("--dry-run", "-o", "json", "hi", env=env).json["request"]["max_tokens"] == 88
    assert quick.run("--save", "notes", "hi", env=env).code == 0
    assert quick.run("--models", env=env).code == 0

    assert {path.relative_to(tmp_path / "moved").parts[0] for path in quick.files} == set(folders)
    assert list(folders["state"].rglob("*.jsonl"))
    assert list(folders["cache"].glob("models.json"))


def _sent(desk: Desk) -> tuple[bytes, dict[str, str]]:
    request = [r for r in desk.served.requests if r.path == "/v1/messages"][-1]
    return request.body, {name.lower(): text for name, text in request.headers.items()}


EXTRAS = (
    "--set", 'extra_body={"top_k": 5, "cache_control": null, "metadata": {"x": 1}}',
    "--set", "betas=one-1,two-2", "--set", "headers=Anthropic-Beta: mine-3,x-team: blue",
    "--set", "user_id=u-1", "--set", "speed=fast", "--set", "fallback_models=opus-4-8",
    "-m", "claude-opus-5-5",
)  # fmt: skip


@pytest.mark.parametrize("ahead", ["true", "false"])
def test_a_dry_run_shows_to_the_byte_what_is_sent(desk: Desk, ahead: str) -> None:
    args = (*EXTRAS, "--set", f"head_start={ahead}", "-s", "Be kind, ümlaut.")
    dry = desk.run(*args, "--dry-run", "-o", "json", "hello").json
    desk.run(*args, "hello")
    body, headers = _sent(desk)

    assert json.dumps(dry["request"], ensure_ascii=False, separators=(",", ":")).encode() == body
    assert dry["request"]["metadata"] == {"user_id": "u-1", "x": 1}
    assert dry["request"]["top_k"] == 5
    assert "cache_control" not in dry["request"]
    fast, fallback = "fast-mode-2026-02-01", "server-side-fallback-2026-07-01"
    assert headers["anthropic-beta"] == f"mine-3,one-1,two-2,{fast},{fallback}"
    assert dry["request"]["fallbacks"] == [{"model": "claude-opus-4-8"}]
    told = {name.lower(): text for name, text in dry["headers"].items()}
    assert told.items() <= headers.items()
    slow = desk.run(*args, "--set", "speed=", "--dry-run", "-o", "json", "hello").json
    for key in ("cost_usd", "most_usd"):
        assert dry[key] == pytest.approx(2 * slow[key])


def test_the_price_of_a_dry_run_has_its_bound(desk: Desk) -> None:
    done = desk.run("--dry-run", "-m", "claude-opus-5-5", "-t", "2000", "hello")
    assert re.search(r"\$[\d.]+ for the input, at most \$[\d.]+ with 2k out", done.err)


def test_what_is_not_sent_is_said_on_stderr_unless_all_is_quiet(desk: Desk) -> None:
    args = ("-m", "claude-haiku-4-5", "--set", "effort=high", "demo: say fine")
    done = desk.run(*args)
    assert (done.code, done.out) == (0, "fine\n")
    assert done.err == (
        "chatrepl: effort high is not sent: claude-haiku-4-5 has no effort levels.\n"
    )
    assert desk.run("-q", *args).err == ""
    assert done.err in desk.run("--dry-run", *args).err


def test_a_slip_in_a_models_name_sends_nothing(desk: Desk) -> None:
    done = desk.run("-m", "claude-sonnet-5.5", "hello")
    assert (done.code, done.out) == (2, "")
    assert "no model claude-sonnet-5.5" in done.err
    assert "claude-sonnet-5-5" in done.err
    assert not desk.bodies


@pytest.mark.parametrize("keeps", [True, False])
def test_the_end_of_a_model_is_said_once_a_day(desk: Desk, *, keeps: bool) -> None:
    args = ("-m", "claude-mythos-preview", *(() if keeps else ("--no-save",)), "hello")
    first, second = (desk.run(*args).err for _ in range(2))
    words = "claude-mythos-preview ended on 2026-06-30."
    assert words in first
    assert (words in second) is not keeps
