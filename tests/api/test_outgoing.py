import json
from dataclasses import replace

import pytest

from chatrepl.api.outgoing import beta_header, counting, patience, socket_options, streaming
from tests.api.helpers import request

FULL = request(
    "héllo", system="s", stop_sequences=["x"], diagnostics={"previous_message_id": "m"},
    speed="fast", metadata={"user_id": "u"}, service_tier="auto", inference_geo="us",
    temperature=0.5, top_p=0.5, top_k=5,
)  # fmt: skip


def test_the_body_is_the_request_that_streams() -> None:
    assert json.loads(streaming(FULL)) == {**FULL.body(), "stream": True}


def test_counting_leaves_out_what_the_service_would_refuse() -> None:
    assert json.loads(counting(FULL)) == {
        "model": FULL.model,
        "system": "s",
        "messages": FULL.body()["messages"],
    }


def test_a_large_body_may_take_longer_to_leave() -> None:
    assert patience(10, b"x" * 1_000_000) == 20


def test_dead_peers_are_noticed() -> None:
    assert len(socket_options()) >= 1


@pytest.mark.parametrize(
    ("headers", "betas", "sent"),
    [
        ({}, (), None),
        ({"anthropic-beta": "a"}, (), None),  # it goes out as it is
        ({}, ("a", "b"), "a,b"),
        ({"Anthropic-Beta": " x , a,"}, ("a", "b"), "x,a,b"),
    ],
)
def test_beta_features_from_everywhere_go_out_in_one_header(
    headers: dict[str, str], betas: tuple[str, ...], sent: str | None
) -> None:
    asked = replace(FULL, betas=betas)
    assert beta_header(asked, headers) == ({"anthropic-beta": sent} if sent else {})
