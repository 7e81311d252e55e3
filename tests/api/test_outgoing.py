import json

from chatrepl.api.outgoing import counting, patience, socket_options, streaming
from tests.api.helpers import request

FULL = request("héllo", system="s", stop_sequences=["x"], diagnostics={"previous_message_id": "m"})


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
