import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.model_names import nearest_models, resolve, resolve_all
from chatrepl.core.models import LINES, TABLE


@pytest.mark.parametrize(
    ("slip", "nearest"),
    [
        ("claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("claude-haiku-45", "claude-haiku-4-5"),
        ("claude-opsu-4-8", "claude-opus-4-8"),
        ("sonet", "claude-sonnet-5-5"),
        ("hiaku-4-5", "claude-haiku-4-5"),
        ("sonnet-latest", "claude-sonnet-5-5"),
        ("claude-opus-latest", "claude-opus-5-5"),
        ("OPUS 4.7", "claude-opus-4-7"),
        ("fabel-5", "claude-fable-5"),
        ("latest", "claude-fable-5-2"),
        ("best", "claude-fable-5-2"),
        ("gpt-5", "claude-fable-5-2"),
    ],
)
def test_a_slip_is_refused_and_the_nearest_is_named_first(slip: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(slip)
    assert caught.value.message == f"There is no model {slip}."
    assert caught.value.hint.startswith((f"Did you mean {nearest}?", f"There are {nearest}, "))
    assert resolve(slip, liberty="any") == slip


@pytest.mark.parametrize("id_", ["gpt-5", "llama3", "best", "smollm2-135m-instruct"])
def test_another_server_may_have_what_is_near_to_nothing(id_: str) -> None:
    assert resolve(id_, liberty="foreign") == id_


@pytest.mark.parametrize("id_", ["sonet", "claude-opus-5.5", "opus-4"])
def test_a_slip_or_too_short_a_name_is_one_on_another_server_too(id_: str) -> None:
    with pytest.raises(UsageError):
        resolve(id_, liberty="foreign")
    assert resolve(id_, liberty="any") == id_


@pytest.mark.parametrize(
    "id_",
    [
        "claude-opus-9", "claude-sonnet-6-1", "claude-sonnet-6-1-20270101", "claude-haiku-6-latest",
        "claude-tempo-1", "claude-tempo-next", "claude-3-opus-20240229", "claude-2.1",
        "claude-mythos-preview", "gpt-oss:20b", "anthropic/claude-opus", "us.anthropic:opus-9",
    ],
)  # fmt: skip
def test_an_id_that_may_be_one_is_taken_as_it_is(id_: str) -> None:
    assert resolve(id_) == id_


def test_without_any_models_only_the_list_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        resolve("best", {})
    assert caught.value.hint == "/models lists what there is."


@given(st.sampled_from(list(TABLE)), st.data())
def test_two_letters_that_changed_places_lead_back_to_the_line(
    id_: str, data: st.DataObject
) -> None:
    line = next(line for line in LINES if line in id_)
    at = data.draw(st.integers(0, len(line) - 2))
    slip = line[:at] + line[at + 1] + line[at] + line[at + 2 :]
    assert nearest_models(id_.replace(line, slip))[0] == id_


@given(st.text(max_size=30))
def test_some_model_is_always_near(part: str) -> None:
    assert set(nearest_models(part)) <= set(TABLE)
    assert nearest_models(part)


def test_several_names_are_completed_and_default_is_left() -> None:
    assert resolve_all(("opus-5-5", "haiku-4-5")) == ("claude-opus-5-5", "claude-haiku-4-5")
    assert resolve_all(("default",)) == ("default",)
    assert resolve_all(()) == ()
    with pytest.raises(UsageError):
        resolve_all(("opus-5-5", "opsu"))
