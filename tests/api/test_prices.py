import subprocess
import sys
from datetime import UTC, datetime

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.prices import SteadyPrices, price, rates
from chatrepl.core.models import TABLE
from chatrepl.core.money import turn_cost
from chatrepl.core.talk.usage import Usage

WHEN = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
LISTED = [id_ for id_ in TABLE if id_ not in {"claude-mythos-5", "claude-mythos-5-1"}]
COUNTS = st.integers(0, 300_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    written = draw(COUNTS)
    hour = draw(st.integers(0, written))
    return Usage(
        draw(COUNTS), draw(COUNTS), written, draw(COUNTS), hour, 0, draw(st.integers(0, 9))
    )


@given(usages(), st.sampled_from(LISTED))
def test_prices_equal_the_library_s(usage: Usage, model: str) -> None:
    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.total_input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_input_tokens,
            cache_write_tokens=usage.cache_creation_input_tokens,
            cache_write_1h_tokens=usage.cache_creation_1h_tokens,
            web_searches=usage.web_search_requests,
        ),
        model,
        provider_id="anthropic",
        genai_request_timestamp=datetime.fromtimestamp(WHEN, UTC),
    )
    ours = price(model, usage, WHEN)
    assert ours is not None
    assert ours.usd == pytest.approx(float(theirs.total_price), abs=1e-9)


def test_prices_are_known_without_the_library_s_front_and_leave_it_whole() -> None:
    code = (
        "import sys\n"
        "from chatrepl.api.prices import price; from chatrepl.core.talk.usage import Usage\n"
        "def paid(n): return price('claude-opus-5-5', Usage(1000, 10, 5, n, 2, 0, n), 1.79e9)\n"
        "before = paid(0), paid(7)\n"
        "slow = {'httpx2', 'asyncio', 'genai_prices.data', 'genai_prices.update_prices'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
        "import genai_prices\n"
        "print(genai_prices.calc_price(genai_prices.Usage(input_tokens=1), 'gpt-4o').model.id)\n"
        "print(before == (paid(0), paid(7)) and None not in before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["[]", "gpt-4o", "True"]


def test_an_hour_of_cache_costs_twice_the_input() -> None:
    cost = price("claude-opus-5-5", Usage(0, 0, 1_000_000, 0, 1_000_000), WHEN)
    assert cost is not None
    assert cost.usd == pytest.approx(8)
    assert cost.uncached_usd == pytest.approx(4)


def test_long_prompts_are_dearer_where_the_model_says_so() -> None:
    short = price("claude-haiku-5-5", Usage(100_000, 0), WHEN)
    long = price("claude-haiku-5-5", Usage(100_001, 0), WHEN)
    cached = price("claude-haiku-5-5", Usage(1, 0, 0, 100_000), WHEN)
    assert short is not None
    assert long is not None
    assert cached is not None
    assert short.usd == pytest.approx(0.01)
    assert long.usd == pytest.approx(0.05, abs=1e-6)
    assert cached.usd == pytest.approx(0.005, abs=1e-6)


@pytest.mark.parametrize("model", ["llama-3", "claude-opus-99", "", "qwen3:8b"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert price(model, Usage(1, 1), WHEN) is None
    assert rates(model, WHEN) is None


def test_every_model_of_the_table_has_a_price() -> None:
    assert [id_ for id_ in TABLE if price(id_, Usage(1, 1), WHEN) is None] == []


def test_dated_ids_have_the_price_of_their_model() -> None:
    assert rates("claude-haiku-4-5-20251001", WHEN) == rates("claude-haiku-4-5", WHEN)


@given(st.integers(1, 300_000), st.integers(0, 50_000), st.sampled_from(LISTED))
def test_rates_foretell_prices(prompt: int, out: int, model: str) -> None:
    found = rates(model, WHEN, prompt_tokens=prompt)
    assert found is not None
    warm = prompt // 2
    coming = turn_cost(found, prompt, warm=warm, out=out)
    usage = Usage(0, out, prompt - warm, warm, prompt - warm)
    paid = price(model, usage, WHEN)
    assert paid is not None
    assert coming.usd == pytest.approx(paid.usd, rel=1e-6, abs=1e-9)
    assert coming.uncached_usd == pytest.approx(paid.uncached_usd, rel=1e-6, abs=1e-9)


@given(usages(), st.sampled_from(LISTED), st.sampled_from([1, 10]))
def test_many_replies_are_priced_as_each_is(usage: Usage, model: str, part: int) -> None:
    searches = usage.web_search_requests if part == 1 else 0
    usage = Usage(
        usage.input_tokens // part,
        usage.output_tokens // part,
        usage.cache_creation_input_tokens // part,
        usage.cache_read_input_tokens // part,
        usage.cache_creation_1h_tokens // part,
        web_search_requests=searches,
    )
    quick, slow = SteadyPrices().price(model, usage, WHEN), price(model, usage, WHEN)
    assert quick is not None
    assert slow is not None
    assert (quick.usd, quick.uncached_usd) == pytest.approx((slow.usd, slow.uncached_usd))


def test_a_price_that_nobody_knows_stays_unknown_for_many() -> None:
    assert SteadyPrices().price("no-such-model", Usage(1, 1), WHEN) is None
