import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.beforehand import look_through
from chatrepl.cli.dryrun import dry_run
from chatrepl.cli.options import Options
from chatrepl.cli.questions import Questions
from chatrepl.cli.stdin import Piped
from chatrepl.core.errors import StorageError
from chatrepl.core.items import Item
from chatrepl.core.settings import Settings
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import NoRecorder
from chatrepl.demo.engine import Engine
from chatrepl.storage.answer_log import Passing
from tests.cli.given import loaded, settle
from tests.cli.test_saved import begin, keep
from tests.commands.playing import Player


def test_the_request_is_shown_with_tokens_and_price(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    out = io.StringIO()
    options = Options(prompt=["hello"], system="Be kind.")
    session = new_session(options, loaded("system=Be kind."), interactive=False)

    assert dry_run(options, session, Piped("x" * 3000), out) == 0

    assert json.loads(out.getvalue())["system"] == "Be kind."
    said = capsys.readouterr().err
    assert "tokens in" in said
    assert "~$" in said


@pytest.mark.parametrize("budget", ["max_cost_usd", "budget.day_usd", "budget.month_usd"])
@pytest.mark.parametrize("most", ["0.001", "9"])
def test_a_budget_that_leaves_less_than_the_longest_reply_costs_is_said(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    budget: str,
    most: str,
) -> None:
    settle(monkeypatch, tmp_path)
    session = new_session(Options(["hello"]), loaded(f"{budget}={most}"), interactive=False)

    assert dry_run(Options(["hello"]), session, None, io.StringIO()) == 0

    said = capsys.readouterr().err
    assert (f"{budget} leaves $0.0010: max_tokens would be lowered" in said) == (most != "9")


def test_a_saved_conversation_is_shown_as_it_would_be_sent_and_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    keep(Options(save="notes"), "about whales")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")}

    for asked in ({"continue_": True}, {"resume": "notes"}):
        options = Options(["more"], system="Be kind.", output="json", dry_run=True, **asked)
        out = io.StringIO()
        session = new_session(options, loaded("system=Be kind."), interactive=False)
        assert dry_run(options, session, None, out) == 0
        request = json.loads(out.getvalue())["request"]
        assert "about whales" in json.dumps(request["messages"])
        assert "Be kind." in json.dumps(request)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*.jsonl")} == before


@pytest.mark.parametrize("text", ["Words and more of them. ", "x[0] = 0x7FFF;\n", "Съешь ещё. "])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("claude-opus-4-5", "claude-sonnet-5-5"),
        ("claude-haiku-5-5", "claude-opus-4-6"),
        ("claude-opus-5-5", "claude-opus-5-5"),
    ],
)
def test_the_demo_tells_what_the_model_that_is_asked_will_take_whoever_counted_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: str, after: str, text: str
) -> None:
    settle(monkeypatch, tmp_path)
    one = Player(Settings(model=before))
    one.say(text * 900)
    options = Options(["And now?"], demo=True, output="json")
    session = new_session(options, loaded(f"model={after}"), interactive=False)
    session.begin_with(one.session.conversation, NoRecorder())
    out = io.StringIO()
    assert dry_run(options, session, None, out) == 0
    told = json.loads(out.getvalue())

    one.session, one.engine = session, Engine()  # in whose cache nothing is
    receipt = one.say("And now?").receipt
    assert receipt is not None
    assert (told["input_tokens"], told["exact"]) == (receipt.usage.total_input_tokens, True)
    answer = session.prices.of_request(one.requests[-1], Usage(0, receipt.usage.output_tokens))
    assert receipt.cost_usd is not None
    assert answer is not None
    assert told["cost_usd"] == pytest.approx(receipt.cost_usd - answer.usd)
    assert told["most_usd"] >= receipt.cost_usd


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize("many", [True, False])
def test_money_that_nobody_pays_is_marked(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    many: bool,
    demo: bool,
) -> None:
    settle(monkeypatch, tmp_path)
    options = Options(["hello {}" if many else "hello"], demo=demo, dry_run=True, each=many)
    session = new_session(options, loaded(), interactive=False)
    if many:
        questions = Questions(options, session)
        said = look_through([Item(0, "a")], questions, log=Passing(), again=False).words()
    else:
        dry_run(options, session, None, io.StringIO())
        said = capsys.readouterr().err
    assert "$" in said
    assert ("(demo)" in said) is demo


@pytest.mark.parametrize("asked", [{"continue_": True}, {"resume": "x"}])
def test_a_dry_run_means_the_same_saved_one_and_misses_it_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: dict[str, Any]
) -> None:
    settle(monkeypatch, tmp_path)
    options = Options(prompt=["more"], dry_run=True, **asked)
    session = new_session(options, loaded(), interactive=False)
    with pytest.raises(StorageError) as dry:
        dry_run(options, session, None, io.StringIO())
    with pytest.raises(StorageError) as real:
        begin(options, session)

    assert (dry.value.message, dry.value.hint) == (real.value.message, real.value.hint)
    assert dry.value.exit_code == real.value.exit_code == 2


def test_on_a_screen_it_is_plain_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)
    session = new_session(Options(), loaded(), interactive=False)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)

    assert dry_run(Options(prompt=["a\x1b\u202eb"]), session, None, out) == 0
    assert '"a\\u001b<U+202E>b"' in out.getvalue()


def test_an_unknown_price_is_said_to_be_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(monkeypatch, tmp_path)
    session = new_session(Options(), loaded("model=my/own-model"), interactive=False)

    for manner in ("text", "json"):
        out = io.StringIO()
        assert dry_run(Options(prompt=["hello"], output=manner), session, None, out) == 0
        if manner == "json":
            assert json.loads(out.getvalue())["cost_usd"] is None
    assert "price unknown" in capsys.readouterr().err


def test_a_look_loads_neither_a_connection_nor_the_whole_tokenizer(tmp_path: Path) -> None:
    code = (
        "import os, sys; real = os._exit\n"
        "unwanted = {'anthropic', 'asyncio', 'httpx2', 'ssl', 'chatrepl.cli.connection'}\n"
        "def leave(code):\n"
        "    print(code, sorted(unwanted & set(sys.modules)), flush=True); real(code)\n"
        "os._exit = leave\n"
        "from chatrepl.api.tokens import Counter; Counter.load = None\n"
        "sys.argv = ['chatrepl', '--dry-run', '-q', '-o', 'json', 'hi']\n"
        "from chatrepl.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path), "PYTHONPATH": "."},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip

    assert done.stdout.splitlines()[-1:] == ["0 []"]
    assert json.loads(done.stdout.splitlines()[0])["cost_usd"] > 0


def test_a_dry_run_takes_no_name_and_begins_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    options = Options(prompt=["more"], save="notes", dry_run=True)
    session = new_session(options, loaded(), interactive=False)

    assert dry_run(options, session, None, io.StringIO()) == 0
    assert session.recorder.id is None
    assert not list(tmp_path.rglob("*.jsonl"))
