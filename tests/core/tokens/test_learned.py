import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.tokens.estimate import Features
from chatrepl.core.tokens.learned import (
    Scale,
    ScalePart,
    Tally,
    family,
    scales_from_wire,
    scales_to_wire,
)
from tests.core.replay import NEW, OLD

A, B, C = (ScalePart(key, 100.0) for key in (b"a", b"b", b"c"))


@given(st.lists(st.tuples(st.floats(1, 5000), st.integers(1, 9000)), min_size=1, max_size=8))
def test_what_the_service_counted_last_is_met_exactly(turns: list[tuple[float, int]]) -> None:
    tally, parts, total = Tally(), [], 0
    for i, (prior, more) in enumerate(turns):
        parts.append(ScalePart(bytes([i]), prior))
        total += more
        tally = tally.counted(parts, total, NEW)
        assert tally.total(parts, NEW)[0] == pytest.approx(total)


@given(
    st.lists(st.tuples(st.floats(1, 5000), st.integers(0, 9000)), min_size=1, max_size=6),
    st.integers(0, 63),
)
def test_whatever_a_server_counts_what_is_left_of_a_prompt_is_no_less_than_nothing(
    turns: list[tuple[float, int]], kept: int
) -> None:
    tally, parts = Tally(), list[ScalePart]()
    for i, (prior, total) in enumerate(turns):
        parts.append(ScalePart(bytes([i]), prior))
        tally = tally.counted(parts, total, NEW)
        assert tally.total(parts, NEW)[0] == pytest.approx(total, abs=1e-6)
    left = [part for i, part in enumerate(parts) if kept >> i & 1]
    assert 0 <= tally.total(left, NEW)[0] <= turns[-1][1] + 1e-6


def test_leaving_a_part_out_subtracts_what_it_was() -> None:
    tally = Tally().counted([A], 150, NEW).counted([A, B], 270, NEW).counted([A, B, C], 350, NEW)
    assert tally.is_exact(B, NEW)
    assert tally.total([A, C], NEW)[0] == pytest.approx(230)


def test_parts_that_cannot_be_told_apart_are_not_exact() -> None:
    tally = Tally().counted([A], 150, NEW).counted([A, B, C], 390, NEW)
    assert not tally.is_exact(B, NEW)
    assert tally.weigh(B, NEW) == pytest.approx(120)


def test_the_counts_of_two_tokenizers_stand_side_by_side() -> None:
    tally = Tally().counted([A], 150, NEW)
    assert tally.doubt([A], NEW) == 0
    assert tally.doubt([A], OLD) > 0.95
    tally = tally.counted([A, B], 200, OLD)
    assert tally.doubt([A, B], OLD) == 0
    assert tally.total([A, B], OLD)[0] == pytest.approx(200)
    assert tally.total([A], NEW)[0] == pytest.approx(150)
    assert 0.3 < tally.doubt([A, B], NEW) < 0.5


def test_what_no_part_can_explain_goes_to_the_base() -> None:
    tally = Tally().counted([A], 100_000, NEW)
    assert tally.weigh(A, NEW) <= 400
    assert tally.total([A], NEW)[0] == pytest.approx(100_000)


def test_a_scale_is_learned_by_and_by() -> None:
    tally = Tally()
    for i in range(30):
        part = ScalePart(f"{i}".encode(), 100.0)
        tally = tally.replied(part, 150, NEW)
    assert 1.3 < tally.scale(NEW) <= 1.5
    assert tally.scale(OLD) == 1


def test_images_teach_nothing_about_texts() -> None:
    tally = Tally().counted([A], 102, NEW)
    picture = ScalePart(b"p", 0.0, 1369.0)
    assert tally.counted([A, picture], 1600, NEW).scale(NEW) == pytest.approx(1, abs=0.05)


def test_a_reply_that_is_known_keeps_its_count() -> None:
    tally = Tally().replied(A, 80, NEW).replied(A, 90, NEW)
    assert tally.weigh(A, NEW) == 80


def test_another_model_s_counts_are_converted() -> None:
    text = Features(100, latin=440)
    part = ScalePart(b"a", text.tokens("v3"), 4, text)
    tally = Tally().replied(part, 120, OLD)
    assert 140 < tally.weigh(replace(part, text=text.tokens("v4.8")), NEW) < 200
    assert not tally.is_exact(part, NEW)


def test_models_with_one_tokenizer_and_one_way_to_see_are_one_family() -> None:
    assert family(OLD) != family(NEW)
    assert family(NEW) == family(replace(NEW, id="claude-opus-5-5"))


def test_old_lessons_fade() -> None:
    assert Scale(1000, 500).faded().prior < 500
    assert Scale().factor == 1


def test_scales_are_kept_from_session_to_session() -> None:
    scales = {"a": Scale(1500.0, 1000.0), "b": Scale(10.5, 20.0)}
    assert scales_from_wire(json.loads(json.dumps(scales_to_wire(scales)))) == scales


@pytest.mark.parametrize(
    "wire", [None, [], {"a": 1}, {"a": [1]}, {"a": ["x", 1]}, {"a": [-1, 5]}, {"a": [1e12, 5]}]
)
def test_what_is_no_scale_is_left_out(wire: object) -> None:
    assert scales_from_wire(wire) == {}


def test_a_scale_beyond_belief_is_left_out() -> None:
    assert scales_from_wire({"a": [1e8, 10]}) == {}


def test_a_whole_prompt_converts_what_another_model_counted() -> None:
    text = Features(100, latin=440)
    part = ScalePart(b"a", text.tokens("v3"), 4, text)
    tally = Tally().replied(part, 120, OLD)
    with_it, exact = tally.total([part], NEW)
    without, _ = tally.total([], NEW)

    assert with_it - without == pytest.approx(tally.weigh(part, NEW))
    assert with_it - without != pytest.approx(Tally().weigh(part, NEW))
    assert not exact


def test_a_prompt_is_exact_only_where_all_its_parts_are() -> None:
    tally = Tally().counted([A], 150, NEW).counted([A, B], 270, NEW)

    assert tally.total([B], NEW)[1]
    assert not tally.total([A, B], NEW)[1]  # A and what stands before all cannot be told apart
    assert not tally.total([B, C], NEW)[1]
    assert not Tally().total([], NEW)[1]
