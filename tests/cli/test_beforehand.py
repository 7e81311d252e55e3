"""What many questions cost at most, held against what the strict engine bills for them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.api.outgoing import beta_header
from chatrepl.cli.assemble import new_session
from chatrepl.cli.beforehand import Bill, look_through
from chatrepl.cli.options import Options
from chatrepl.cli.questions import Questions
from chatrepl.core.items import Item
from chatrepl.core.talk.blocks import DocumentBlock
from chatrepl.core.talk.usage import Usage
from chatrepl.demo.engine import MESSAGES, Engine
from chatrepl.demo.wire import canonical
from chatrepl.session.worst_case import WorstCase
from chatrepl.shells.attempt import ItemQuestion
from chatrepl.storage.answer_log import Passing
from tests.cli.given import loaded, settle

MODELS = ("claude-sonnet-5-5", "claude-opus-4-5", "claude-haiku-4-5", "claude-opus-5-5")
TEXTS = st.sampled_from(["Words and more of them. ", "x[0] = 0x7FFF;\n", "Съешь ещё. ", "日本語。"])
LONG = st.builds(lambda text, count: text * count, TEXTS, st.sampled_from([0, 1, 40, 900]))
HEADERS = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}


def billed(engine: Engine, question: ItemQuestion) -> float:
    """Have the engine answer a question; give what that costs."""
    request = question.request
    headers = HEADERS | beta_header(request, HEADERS)
    answer = engine.handle("POST", MESSAGES, headers, canonical(request.body()))
    assert answer.status == 200, answer.body
    cost = question.session.prices.of_request(
        request, Usage().merged(json.loads(answer.body)["usage"])
    )
    assert cost is not None
    return cost.usd


def asked(items: list[str], **more: Any) -> tuple[Bill, Questions]:
    options = Options([more.pop("prompt", "Of {}?")], demo=True, each=True)
    files, sets = more.pop("files", ()), [f"{key}={value}" for key, value in more.items()]
    questions = Questions(options, new_session(options, loaded(*sets), interactive=False), files)
    numbered = [Item(number, text) for number, text in enumerate(items)]
    return look_through(numbered, questions, log=Passing(), again=False), questions


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)


@given(data=st.data())
@settings(max_examples=40)
def test_no_run_costs_more_than_is_said_before(data: st.DataObject) -> None:
    """Whatever is long, and also where nothing is found in the cache any more."""
    files = (
        (DocumentBlock.plain(data.draw(LONG) or "a", "a.txt"),) if data.draw(st.booleans()) else ()
    )
    bill, questions = asked(
        items := data.draw(st.lists(LONG.map(lambda text: text or "a"), min_size=1, max_size=6)),
        prompt=data.draw(LONG) + data.draw(st.sampled_from(["{}", "Of {}?"])),
        files=files,
        system=data.draw(LONG),
        model=data.draw(st.sampled_from(MODELS)),
        max_tokens=data.draw(st.sampled_from([1, 16, 400])),
        thinking="off",
    )
    engine, usd = Engine(), 0.0
    for number, text in enumerate(items):
        engine = Engine() if data.draw(st.booleans()) else engine
        usd += billed(engine, questions(Item(number, text)))
    assert bill.most_usd is not None
    assert usd <= bill.most_usd


@pytest.mark.parametrize("lengths", [[3], [40_000, *[3] * 30], [*[3] * 30, 40_000], [9] * 1_500])
def test_what_is_not_counted_is_never_less_than_it_is(lengths: list[int]) -> None:
    items = ["word " * (length // 5) + "a" * (length % 5) for length in lengths]
    bill, questions = asked(items, max_tokens=16, system="Be kind. " * 900)
    each = [
        WorstCase(question.session, question.request).most_usd()
        for question in (questions(Item(n, text)) for n, text in enumerate(items))
    ]
    usd = sum(filter(None, each))
    assert bill.most_usd is not None
    assert usd <= bill.most_usd + 1e-9
    assert bill.most_usd < 1.2 * usd
    assert bill.requests == len(items)


def test_an_item_that_fails_costs_nothing_and_an_unknown_price_is_said(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" * 9)
    options = Options(["What is this?"], demo=True, each_file=[str(picture)])
    questions = Questions(options, new_session(options, loaded(), interactive=False))
    bill = look_through([Item(0, "a", str(picture))], questions, log=Passing(), again=False)
    assert (bill.requests, bill.tokens, bill.most_usd) == (1, 0, 0)
    assert "price unknown" in asked(["a"], model="my/own-model")[0].words()
