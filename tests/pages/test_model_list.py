from dataclasses import replace

import pytest

from chatrepl.core.models import TABLE, find
from chatrepl.core.money import Rates
from chatrepl.pages.model_list import listed, model_facts, model_list
from chatrepl.terminal.columns import lay_out, table_text

MODELS = [find(id_) for id_ in ("claude-sonnet-4-5", "claude-opus-5-5", "claude-new-9", "llama")]


def rates(model: str, tokens: int) -> Rates | None:
    assert tokens == 1
    return Rates(3.0, 15.0, 0.3, 3.75, 6.0) if model == "claude-sonnet-4-5" else None


def test_a_row_says_what_is_known_and_a_question_mark_what_is_not() -> None:
    table = model_list(MODELS, find("llama"), rates)
    rows = {row[1]: row for row in table.rows}

    assert rows["claude-sonnet-4-5"] == (
        "", "claude-sonnet-4-5", "3/15", "200k", "64k", "native", "2026-11-30", "budget",
    )  # fmt: skip
    assert rows["claude-opus-5-5"][5] == "emulated"
    assert rows["llama"] == ("*", "llama", "?", "?", "?", "?", "?", "?")
    assert rows["claude-new-9"][3:5] == ("?", "?")
    assert table.footer == "? is not known."
    assert model_list(MODELS[:1], MODELS[0], rates).footer == ""
    plain = replace(MODELS[0], thinking=frozenset())
    assert model_list([plain], plain, rates).rows[0][-1] == "-"


def test_a_narrow_window_keeps_the_prices() -> None:
    table = model_list(MODELS, find("llama"), rates)
    lines = lay_out((table.headings, *table.rows), 40, right=table.right)
    assert "$/M in/out" in lines[0]
    assert any("3/15" in line for line in lines)


def test_the_model_in_use_is_listed_though_no_list_holds_it() -> None:
    assert listed(MODELS, find("another")) == (find("another"), *MODELS)
    assert model_list(MODELS, find("another"), rates).rows[0][:2] == ("*", "another")
    assert listed(MODELS, find("llama")) == tuple(MODELS)


def test_a_program_reads_the_same_in_numbers() -> None:
    sonnet, new, llama = (model_facts(MODELS[at], rates) for at in (0, 2, 3))

    assert sonnet["usd_per_million"] == {"input": 3.0, "output": 15.0}
    assert sonnet["retires_at"] == "2026-11-30"
    assert (sonnet["context_window"], llama["context_window"]) == (200_000, None)
    assert (new["context_window"], new["max_output"]) == (None, None)
    assert (llama["usd_per_million"], llama["lifecycle"]) == (None, None)


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ("adaptive", "always"),
        ("adaptive disabled", "on/off"),
        ("adaptive between_tools", "on/off"),
        ("adaptive disabled enabled", "on/off"),
        ("enabled disabled", "budget"),
        ("disabled", "-"),
    ],
)
def test_thinking_is_told_in_a_word_that_fits_80_columns(kinds: str, word: str) -> None:
    model = replace(MODELS[0], thinking=frozenset(kinds.split()))
    table = model_list([*TABLE.values(), model], model, lambda *_: Rates(0.1, 0.5, 0, 0, 0))

    assert table.rows[-1][-1] == word
    assert "…" not in table_text(table, 80)
