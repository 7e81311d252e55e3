"""A reply in a line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.conversation import Prefill, Receipt
from chatrepl.core.talk.usage import Usage
from chatrepl.core.words import (
    about,
    at_most,
    compact,
    dollars,
    exactly,
    for_a_shell,
    foretold,
    hidden_words,
    meta_line,
    next_step,
    share_words,
    spans,
)

USAGE = Usage(100, 345, 0, 1100)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Nothing is lost; try again.", "Nothing is lost; try again."),
        ("The last reply was cut; /retry asks again.", "The last reply was cut."),
        ("It was cut, and kept, and /retry asks again.", "It was cut, and kept."),
        ("Near to it: a, b. /model! x takes it as it is.", "Near to it: a, b."),
        ("x ends. /models lists what there is.", "x ends. chatrepl --models lists what there is."),
        ("effort max is left out from now on (/effort changes it).",
         "effort max is left out from now on."),
        ("/truncate or /compact makes room.", ""),
        ("/load x opens it; another name keeps this one.", "Another name keeps this one."),
        ("/set lists them, and a page tells more.", "A page tells more."),
        ("/set lists them; setup.toml tells more.", "setup.toml tells more."),
        ("/tree shows it, or /undo. it is kept.", "It is kept."),
        ("/load tea opens it; another name keeps this one.", "Another name keeps this one."),
        ("/config lists them, and a file explains them.", "A file explains them."),
        ("/save names it; `brew` is a word.", "`brew` is a word."),
        ("Check base_url: /set/v1/messages is what is asked for.",
         "Check base_url: /set/v1/messages is what is asked for."),
        ("Nothing stands in /etc, nor in /tmp.", "Nothing stands in /etc, nor in /tmp."),
    ],
)  # fmt: skip
def test_a_script_is_told_of_no_command_that_only_a_chat_has(words: str, told: str) -> None:
    assert for_a_shell(words) == told


def test_the_line_tells_all_that_is_known() -> None:
    receipt = Receipt("m", "end_turn", usage=USAGE, cost_usd=0.0031, duration_s=2.4)
    assert meta_line(receipt) == "1.2k in (1.1k cached) · 345 out · $0.0031 · 2.4 s"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(5.0, "5"), (0.02, "0.02"), (1e-05, "0.00001"), (2_000_000.0, "2000000"), (0.1 + 0.2, "0.3")],
)
def test_an_amount_that_was_set_has_its_digits(amount: float, words: str) -> None:
    assert exactly(amount) == words


def test_what_the_demo_would_have_cost_is_marked() -> None:
    receipt = Receipt("m", "end_turn", usage=USAGE, cost_usd=0.0031, duration_s=2.4)
    line = meta_line(receipt, demo=True)
    assert line == "1.2k in (1.1k cached) · 345 out · $0.0031 (demo) · 2.4 s"


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert meta_line(Receipt("m", "end_turn")) == "usage unknown · 0.0 s"
    assert "price unknown" in meta_line(Receipt("m", "end_turn", usage=USAGE))
    cut = meta_line(Receipt("m", None, usage=USAGE, cost_usd=0.5))
    assert cut == "1.2k in (1.1k cached) · out unknown · $0.50 or more · 0.0 s · cut"
    assert "price unknown · 0.0 s · cut" in meta_line(Receipt("m", None, usage=USAGE))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("max_tokens", "cut at the length limit"),
        ("model_context_window_exceeded", "window full"),
        ("stop_sequence", 'stopped at "END"'),
        ("tool_use", "wants a tool"),
        ("pause_turn", "paused"),
        ("novelty", "novelty"),
    ],
)
def test_an_unusual_end_stands_in_the_line(reason: str, words: str) -> None:
    stop = "END" if reason == "stop_sequence" else None
    assert meta_line(Receipt("m", reason, stop_sequence=stop)).endswith(f" · {words}")


def test_a_refusal_tells_its_category_where_it_has_one() -> None:
    refusal = Receipt("m", "refusal", {"category": "cyber"})
    assert meta_line(refusal).endswith(" · refused: cyber")
    assert meta_line(Receipt("m", "refusal", {"category": 5})).endswith(" · refused")


def test_the_mode_of_a_prefill_is_told() -> None:
    receipt = Receipt("m", "end_turn", prefill=Prefill("x", "emulated"))
    assert meta_line(receipt).endswith("prefill emulated")


@given(st.integers(0, 10**10))
def test_counts_are_short_and_nearly_right(count: int) -> None:
    shown = compact(count)
    match = re.fullmatch(r"(\d+(?:\.\d)?)([kM]?)", shown)
    assert match
    value = float(match[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[match[2]]
    assert abs(value - count) <= max(0.051 * count, 0)


@given(st.floats(1e-12, 1e6))
def test_a_price_is_never_nothing(usd: float) -> None:
    shown = dollars(usd)
    assert re.search("[1-9]", shown)
    if not shown.startswith("<"):
        assert float(shown[1:]) == pytest.approx(usd, rel=0.5)


def test_prices_have_the_digits_they_need() -> None:
    assert [dollars(usd) for usd in (None, 0, 0.00004, 0.0031, 0.25, 12.3)] == [
        "price unknown", "$0", "<$0.0001", "$0.0031", "$0.25", "$12.30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("max_tokens", "/continue"),
        ("max_tokens", "/set max_tokens"),
        ("model_context_window_exceeded", "/truncate"),
        ("pause_turn", "/continue"),
        ("tool_use", "tool"),
        ("refusal", "/edit"),
        (None, "/continue"),
        ("brand_new", "brand_new"),
    ],
)
def test_every_other_end_names_the_next_command(reason: str | None, command: str) -> None:
    assert command in next_step(Receipt("m", reason))


def test_an_ordinary_end_needs_no_words() -> None:
    assert next_step(Receipt("m", "end_turn")) == next_step(Receipt("m", "stop_sequence")) == ""


@pytest.mark.parametrize("reason", ["max_tokens", "pause_turn", None])
def test_a_reply_without_text_is_not_said_to_go_on(reason: str | None) -> None:
    assert "/continue" in next_step(Receipt("m", reason))
    assert "/continue" not in next_step(Receipt("m", reason), goes_on=False)
    assert "/retry" in next_step(Receipt("m", reason), goes_on=False)


def test_a_refusal_tells_its_category_and_explanation_in_a_line() -> None:
    details = {"category": "cyber", "explanation": "It may\n\n  harm.", "else": 1}
    assert next_step(Receipt("m", "refusal", details)).split("\n")[1:] == ["cyber: It may harm."]
    bare = Receipt("m", "refusal", {"category": "cyber"})
    assert next_step(bare).split("\n")[1:] == ["cyber: attacks on computers"]
    new = Receipt("m", "refusal", {"category": "new_kind"})
    assert next_step(new).split("\n")[1:] == ["new_kind"]
    odd = {"category": None, "explanation": ["x"]}
    assert "\n" not in next_step(Receipt("m", "refusal", odd))
    assert len(next_step(Receipt("m", "refusal", {"explanation": "x" * 9_000}))) < 600


def test_an_estimated_price_has_one_mark_of_doubt() -> None:
    assert [about(usd) for usd in (None, 0, 0.0000001, 0.5)] == [
        "price unknown", "$0", "<$0.0001", "~$0.50",
    ]  # fmt: skip


@given(st.floats(0.005, 1e6))
def test_a_price_that_is_foretold_is_rounded_by_no_more_than_a_per_cent(usd: float) -> None:
    assert float(foretold(usd)[1:]) == pytest.approx(usd, rel=0.01)


@given(st.floats(0, 1e6))
def test_a_price_that_bounds_another_is_never_rounded_down(usd: float) -> None:
    assert usd - 1e-9 <= float(at_most(usd)[1:]) <= usd + (0.0001 if usd < 0.1 else 0.01) + 1e-9


def test_numbers_are_written_shortly() -> None:
    assert spans([7, 4, 2, 3, 1, 9, 10]) == "1-4, 7, 9-10"
    assert spans([]) == ""


@pytest.mark.parametrize(
    ("tokens", "budget", "words"),
    [(37_500, 150_000, "38k/150k 25%"), (5, 0, "5/0"), (0, 10, "0/10 0%")],
)
def test_a_share_of_nothing_has_no_percentage(tokens: int, budget: int, words: str) -> None:
    assert share_words(tokens, budget) == words


def test_hidden_characters_are_counted_in_words() -> None:
    assert hidden_words(1) == "1 hidden character"
    assert hidden_words(3) == "3 hidden characters"
