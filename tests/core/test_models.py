from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.model_names import resolve
from chatrepl.core.models import EFFORTS, TABLE, Model, find, from_api
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock
from chatrepl.core.wire import Wire
from tests.core.making import JSON

_PATHS = ["display_name", "max_input_tokens", "max_tokens", "lifecycle", "retires_at"]
_ABILITIES = [
    "image_input", "pdf_input", "structured_outputs", "thinking", "effort", "server_tools",
]  # fmt: skip


@pytest.mark.parametrize("id_", TABLE)
def test_every_listed_model_is_found_and_whole(id_: str) -> None:
    model = find(id_)
    assert model.id == id_ == resolve(id_) == resolve(id_.removeprefix("claude-"))
    assert model.line in id_
    assert model.context_window is not None
    assert 0 < model.budget_tokens < model.context_window
    assert set(model.efforts) <= set(EFFORTS)
    assert find(f"{id_}-20260101").context_window == model.context_window
    assert find(f"{id_}-latest").id == f"{id_}-latest"


@given(st.text(max_size=20))
def test_a_model_nobody_listed_works_too(id_: str) -> None:
    model = find(id_)
    assert model.id == id_
    assert model.budget_tokens > 0


def test_an_unlisted_model_is_described_carefully() -> None:
    assert find("claude-next-9") == Model(
        "claude-next-9", "claude-next-9", 200_000, 32_000, known=False
    )
    other = find("llama-4")
    assert (other.known, other.web, other.prefill, other.line) == (False, False, None, "")


@pytest.mark.parametrize(
    ("part", "id_"),
    [
        ("opus", "claude-opus-5-5"),
        (" Sonnet ", "claude-sonnet-5-5"),
        ("haiku", "claude-haiku-5-5"),
        ("sonnet-5", "claude-sonnet-5"),
        ("Claude-Sonnet-5", "claude-sonnet-5"),
        ("sonnet-4-5-20250929", "claude-sonnet-4-5-20250929"),
        ("sonnet-4-6", "claude-sonnet-4-6"),
        ("us-4-8", "claude-opus-4-8"),
        ("gpt-oss:20b", "gpt-oss:20b"),
        ("", ""),
    ],
)
def test_a_part_of_a_name_is_completed(part: str, id_: str) -> None:
    assert resolve(part) == id_


def test_a_part_of_several_names_is_asked_about() -> None:
    with pytest.raises(UsageError, match=r"^opus-4 could be any of claude-opus-4-8, "):
        resolve("opus-4")


def test_the_budget_stays_where_answers_are_good_and_cheap() -> None:
    assert find("claude-haiku-5-5").budget_tokens == 95_000
    assert Model("x", context_window=100_000).budget_tokens == 75_000
    assert Model("x").budget_tokens == 150_000


def test_what_the_service_taught_is_taken_over() -> None:
    assert Model("x").learned({"prefill": False}).prefill is False
    assert Model("x", prefill=True).learned({}).prefill is True


@given(
    st.dictionaries(st.sampled_from([*_PATHS, "capabilities"]), JSON),
    st.dictionaries(st.sampled_from(_ABILITIES), JSON),
)
def test_odd_answers_of_the_models_api_do_no_harm(
    info: dict[str, Any], capabilities: dict[str, Any]
) -> None:
    for wire in (info, {**info, "capabilities": capabilities}):
        model = from_api(wire, find("claude-opus-5"))
        assert model.budget_tokens > 0
        assert isinstance(model.name, str)
        assert isinstance(model.images, bool)


def test_the_models_api_tells_limits_and_abilities() -> None:
    yes, no = {"supported": True}, {"supported": False}
    info = {
        "display_name": "New",
        "lifecycle": "active",
        "max_input_tokens": 500,
        "max_tokens": 50,
        "capabilities": {
            "image_input": no,
            "pdf_input": True,
            "thinking": {"supported": True, "types": {"adaptive": yes, "enabled": no}},
            "effort": {"supported": True, "low": yes, "max": yes, "high": no},
            "server_tools": {"web_search": yes},
        },
    }
    model = from_api(info, find("claude-new"))
    assert model == Model(
        "claude-new", "New", 500, 50, False, frozenset({"adaptive"}), efforts=("low", "max"),
        images=False, code=False, lifecycle="active",
    )  # fmt: skip
    old = {"capabilities": {"thinking": {"types": {"enabled": yes}}, "server_tools": {}}}
    assert from_api(old, find("claude-new")).prefill is True
    assert from_api(old, find("claude-new")).web is False
    runs = {"capabilities": {"server_tools": {"code_execution": yes}}}
    assert from_api(runs, find("claude-new")).code is True
    assert from_api(old, find("claude-opus-5")).prefill is False


@pytest.mark.parametrize(
    ("info", "window"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 131_072}, 131_072),
        ({"meta": {"n_ctx": 8192, "n_ctx_train": 2048}}, 8192),
        ({"max_input_tokens": None, "meta": {"n_ctx": 512}}, 512),
        ({"max_input_tokens": 300, "context_length": 500}, 300),
        ({"max_model_len": True, "context_length": -1, "meta": {"n_ctx": "8k"}}, None),
        ({"meta": [8192]}, None),
        ({}, None),
    ],
)
def test_servers_call_the_window_by_names_of_their_own(info: Wire, window: int | None) -> None:
    assert from_api(info, find("small-1b")).context_window == window


def test_what_a_model_does_not_take_is_named() -> None:
    image, pdf = ImageBlock.base64("image/png", "AAAA"), DocumentBlock.base64_pdf("AAAA")
    text, linked = DocumentBlock.plain("a"), DocumentBlock.url("https://example.com/a.pdf")
    takes_all = TABLE["claude-opus-5"]
    takes_text = replace(takes_all, images=False, pdfs=False)
    assert takes_all.untaken([image, pdf, text, linked]) == ""
    assert takes_text.untaken([text, image, pdf]) == "images"
    assert takes_text.untaken([text, pdf]) == takes_text.untaken([linked]) == "PDFs"
    assert takes_text.untaken([text]) == ""


@pytest.mark.parametrize(
    ("ends", "days"),
    [
        ("2026-12-01", 3),
        ("2026-11-28T12:00:00Z", 0),
        ("2026-11-01", -27),
        ("", None),
        ("soon", None),
    ],
)
def test_the_days_until_a_model_ends_are_counted(ends: str, days: int | None) -> None:
    assert Model("m", retires_at=ends).days_left(date(2026, 11, 28)) == days
