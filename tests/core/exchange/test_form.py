import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.form import Form

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=8,
)  # fmt: skip
SCHEMA = Form({"type": "string"})
WORDS = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1), min_size=2
)


@given(JSON, st.sampled_from(["{}", "\n{} \n", "```json\n{}\n```", "~~~\n{}\n~~~\n"]))
def test_json_is_read_bare_or_from_a_fence(value: Any, shape: str) -> None:
    written = json.dumps(value)

    text, read = SCHEMA.read(shape.replace("{}", written))

    assert (text, read) == (written, value)


@given(WORDS.map(lambda words: tuple(dict.fromkeys(words))), st.data())
def test_a_choice_is_read_from_json_and_from_bare_words(
    choices: tuple[str, ...], data: st.DataObject
) -> None:
    choice = data.draw(st.sampled_from(choices))
    form = Form.choose(choices)

    for text in (json.dumps({"choice": choice}), choice, f" {choice}\n", json.dumps(choice)):
        assert form.read(text)[1] in choices
    assert form.read(choice) == (choice, choice)
    assert form.read(json.dumps({"choice": choice})) == (choice, choice)


def test_a_choice_may_come_with_other_capitals_and_marks() -> None:
    assert Form.choose(("yes", "no")).read("**Yes.**") == ("yes", "yes")


@pytest.mark.parametrize("text", ["maybe", "", "yes and no", '{"choice": "maybe"}', '["yes"]'])
def test_anything_else_is_no_choice(text: str) -> None:
    with pytest.raises(ValueError):
        Form.choose(("yes", "no")).read(text)


@pytest.mark.parametrize("text", ["", "{", "Here it is: {}", "NaN", "[-1e999]", "[" * 100_000])
def test_anything_else_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        SCHEMA.read(text)


def test_the_form_can_be_asked_for_in_words() -> None:
    assert '"yes", "no"' in Form.choose(("yes", "no")).instruction
    assert '{"type":"string"}' in SCHEMA.instruction
    assert '"minLength":1' in Form(None, whole={"minLength": 1}).instruction


@pytest.mark.parametrize(
    ("form", "prefill", "fits"),
    [
        (Form({"type": "object"}), "{", True),
        (Form({"type": "object"}), " {\n", True),
        (Form({"type": "object"}), '{"name": "Al', False),
        (Form({"type": "object"}), "[", False),
        (Form({"type": "array"}), "[", True),
        (Form({}), "{", False),
        (Form(None, whole={"type": "string"}), '"', True),
        (Form(None), "{", False),
        (Form.choose(("no", "nope", "yes")), "no", True),
        (Form.choose(("no", "nope", "yes")), "N", False),
    ],
)
def test_a_form_sees_to_the_beginning_that_it_can(form: Form, prefill: str, *, fits: bool) -> None:
    assert form.fits(prefill) is fits


@given(WORDS.map(lambda words: tuple(dict.fromkeys(words))), st.text(max_size=2))
def test_of_the_choices_those_are_left_that_begin_as_asked(
    choices: tuple[str, ...], start: str
) -> None:
    form = Form.choose(choices)
    left = tuple(choice for choice in choices if choice.startswith(start.strip()))

    assert form.beginning(start) == (Form.choose(left) if left else form)


def test_a_schema_has_no_beginning_of_its_own() -> None:
    assert SCHEMA.beginning('"') is SCHEMA
