"""What is told of a price before something is sent is what is billed, whatever the model counts."""

import random
import re
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from chatrepl.api.prices import price
from chatrepl.attachments.attach import Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.usage import Usage
from chatrepl.demo.engine import Engine
from chatrepl.session.beside import turns_beside
from chatrepl.session.cold import cold_past
from chatrepl.session.workbench import Workbench
from tests.attachments.test_thumbnail import block
from tests.commands.playing import Player
from tests.commands.test_cold_send import HOUR_S, LONG, SHORT, Clock, billed, player, prices, typed
from tests.toolbox import FakeBox

TEXTS = {
    "prose": LONG,
    "code": "for (int i = 0; i < N; ++i) { sum += A[i] * 0x7FFF; }\n" * 800,
    "cyrillic": "Съешь ещё этих мягких французских булок, да выпей чаю. " * 500,
    "han": "天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏" * 400,
    "data": '{"id": "Q2hhdHJlcGw9PQ", "at": 1790000000, "MAX": null}\n' * 600,
}
PAIRS = [
    ("claude-opus-4-5", "claude-sonnet-5-5"),
    ("claude-sonnet-4-6", "claude-opus-5-5"),
    ("claude-haiku-5-5", "claude-opus-4-6"),
    ("claude-opus-4-7", "claude-sonnet-4-5"),
]


def more(one: Player) -> float:
    (usd,) = (float(usd) for usd in re.findall(r"about \$([\d.]+) more", " ".join(one.said)))
    return usd


def input_usd(turn: Turn) -> float:
    assert turn.receipt is not None
    cost = price(turn.receipt.model, turn.receipt.usage, 0)
    out = price(
        turn.receipt.model, type(turn.receipt.usage)(0, turn.receipt.usage.output_tokens), 0
    )
    assert cost is not None
    assert out is not None
    return cost.usd - out.usd


@pytest.mark.parametrize(("before", "after"), PAIRS)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_switch_to_another_tokenizer_is_told_as_it_is_billed(
    before: str, after: str, kind: str
) -> None:
    one, _ = player(0, model=before)
    for number in range(2):
        one.say(f"{number} {TEXTS[kind]}")
    one.do(f"/model {after}")
    told, counts = more(one), one.counts
    typed(one)
    there = billed(one)
    one.do(f"/model {before}")
    typed(one)
    assert counts == 1
    assert told == pytest.approx(there - billed(one), rel=0.02)


def test_what_counts_alike_is_not_counted_anew() -> None:
    one, _ = player(model="claude-sonnet-5-5")
    one.do("/model opus-5-5")
    assert more(one) > 0
    assert one.counts == 0


async def lies(_request: Request) -> int:
    return 10


async def hangs(_request: Request) -> int:
    raise TimeoutError


async def refuses(_request: Request) -> int:
    raise ApiError(ApiErrorKind.NOT_FOUND, "Nothing counts here.")


@pytest.mark.parametrize("count", [lies, hangs, refuses])
def test_where_the_service_does_not_count_the_estimate_is_told_and_nobody_asks_again(
    count: Callable[[Request], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = player(model="claude-opus-4-5")
    monkeypatch.setattr(one, "count", count)
    one.do("/model sonnet-5-5")
    assert more(one) > 0
    assert not one.session.service.can_count
    before = len(one.said)
    one.do("/model opus-4-5")
    assert len(one.said) > before


def test_a_cold_past_with_a_long_message_that_nobody_counted_is_told_as_it_is_billed() -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way = "c"
    typed(one, TEXTS["data"])
    assert one.counts == 1
    assert billed(one) == pytest.approx(prices(one.asked[-1])["c"], rel=0.02)


@pytest.mark.parametrize("model", ["claude-opus-4-5", "claude-sonnet-5-5"])
def test_a_side_question_to_another_model_is_told_as_it_is_billed(model: str) -> None:
    one, _ = player()
    one.do(f"/btw -m {model} {SHORT}")
    (told,) = (float(usd) for usd in re.findall(r"no cache, ~\$([\d.]+)\.", " ".join(one.said)))
    (turn,) = turns_beside(one.session.recorder.facts)
    assert told == pytest.approx(input_usd(turn), rel=0.02)
    one.session.equip(can_count=lambda: False)
    one.do(f"/btw -m {model} {SHORT}")
    assert any(words.endswith("anew: no cache.") for words in one.said)


def test_where_the_count_shows_a_cold_past_to_cost_less_than_is_asked_about_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, clock = player()
    one.session.use(model="claude-opus-4-5")
    clock.now += HOUR_S
    past, truly = cold_past(one.session), one.count
    assert past is not None
    one.session.use(cache_ask_usd=past.usd * 0.7)

    async def half(request: Request) -> int:
        return await truly(request) // 2

    monkeypatch.setattr(one, "count", half)
    typed(one)
    assert one.asked == []
    assert one.session.conversation.path()[-1].text


@pytest.mark.parametrize("speed", ["", "fast"])
@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("line", ["-n 3", "-n 2 opus-5-5 haiku-5-5", "opus-4-5 sonnet-5-5 -n 2"])
def test_a_comparison_is_told_as_it_is_billed(line: str, speed: str, *, cached: bool) -> None:
    one, _ = player(2, speed=speed, cache_enabled=cached)
    one.say(TEXTS["code"] * 4)
    one.session.use(max_cost_usd=0.0001)  # asked about, however little it is
    before = one.session.conversation.turns
    one.do(f"/compare {line}")
    (told,) = (float(usd) for usd in re.findall(r"about \$([\d.]+) for", one.asked[-1]))
    came = [turn for id_, turn in one.session.conversation.turns.items() if id_ not in before]
    fast = [turn for turn in came if speed and turn.receipt and "opus-5" in turn.receipt.model]
    assert told == pytest.approx(sum(map(input_usd, [*came, *fast])), rel=0.02, abs=0.0001)


def test_what_is_too_short_for_the_cache_is_priced_without_it() -> None:
    one = Player(engine=Engine())
    one.session.use(model="claude-opus-4-5")
    one.session.equip(price=price, rates=player(0)[0].session.edges.rates)
    one.say("Hello. " * 800)
    one.do("/context")
    (told,) = (float(usd) for usd in re.findall(r"next turn ~\$([\d.]+)", one.heard))
    one.say("?")
    assert told == pytest.approx(billed(one), rel=0.02)


PICTURES = [
    Attachment(block(width, 300), "a.png", FileKind.IMAGE, "", None) for width in (300, 1600)
]


def chatted(seed: int) -> tuple[Player, Clock]:
    """A chat of whatever there is: thinking, tools, pictures, prefills, texts of all kinds."""
    chance = random.Random(seed)
    one, clock = player(0, model=chance.choice([model for pair in PAIRS for model in pair]))
    if seed % 2:
        one.session.bench = Workbench(FakeBox(), lambda _tool, _call: "")
    for _ in range(4):
        text = chance.choice([*TEXTS.values()])[: chance.randrange(200, 9_000)]
        if chance.random() < 0.4:
            one.session.stage(chance.choice(PICTURES))
        if chance.random() < 0.3:
            one.do("/prefill Well,")
        one.say(chance.choice([text, text, "demo: think", "demo: tools 3 2"]))
    return one, clock


@pytest.mark.parametrize("seed", range(8))
def test_whatever_was_said_what_is_told_is_what_is_billed(seed: int) -> None:
    one, clock = chatted(seed)
    session = one.session
    ask = session.compose("?")
    total = session.ledger.next_total(session.conversation, session.model, ask)
    assert total == session.ledger.request(session.request(ask), session.model)

    before = session.books.meter.usage
    one.do("/help ask How do I leave?")
    (told,) = (float(usd) for usd in re.findall(r"tokens, ~\$([\d.]+) and", one.said[-1]))
    took = {f.name: getattr(session.books.meter.usage, f.name) for f in fields(Usage)}
    taken = Usage(**{name: n - getattr(before, name) for name, n in took.items()})
    cost = session.prices.of_request(one.requests[-1], replace(taken, output_tokens=0))
    assert cost is not None
    assert told == pytest.approx(cost.usd, rel=0.02)

    session.use(cache_ask_usd=0.0)
    clock.now += HOUR_S + 1
    one.do("/context")
    (told,) = (float(usd) for usd in re.findall(r"next turn ~\$([\d.]+) for", one.heard))
    one.say("?")
    assert told == pytest.approx(billed(one), rel=0.02, abs=0.0001)
