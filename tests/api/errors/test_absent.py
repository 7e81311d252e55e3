"""Parts of the API that a server does not have, as gateways and model servers tell of them."""

import httpx2
import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.absent import of_part
from chatrepl.api.errors.answers import from_answer

HERE = Origin("http://127.0.0.1:4000", "m-1")
BATCHES, COUNT, MODELS = "/v1/messages/batches", "/v1/messages/count_tokens", "/v1/models"
ANSWERS = [
    (404, b'{"detail":"Not Found"}'),
    (404, b'{"error":{"message":"File Not Found","type":"not_found_error","code":404}}'),
    (404, b"404 page not found"),
    (405, b'{"detail":"Method Not Allowed"}'),
    (501, b"<html><title>Not Implemented</title></html>"),
    (404, b""),
]


@pytest.mark.parametrize(("status", "body"), ANSWERS)
@pytest.mark.parametrize(
    ("path", "words"),
    [
        (BATCHES, "takes no Message Batches"),
        (f"{BATCHES}?limit=100", "takes no Message Batches"),
        (COUNT, "counts no tokens"),
        (f"{MODELS}?limit=1000", "has no list of models"),
    ],
)
def test_a_part_that_is_not_there_is_named(path: str, words: str, status: int, body: bytes) -> None:
    error = of_part(from_answer(status, httpx2.Headers({}), body, HERE), path, HERE)
    assert error.message == f"127.0.0.1:4000 {words}."
    assert "base_url" not in error.hint
    assert error.absent


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v1/messages", 404, ANSWERS[0][1]),
        (f"{BATCHES}/msgbatch_1", 404, b'{"error":{"message":"no such batch"}}'),
        (COUNT, 404, b'{"error":{"type":"not_found_error","message":"model: m-1"}}'),
        (COUNT, 400, b'{"error":{"message":"bad"}}'),
        (MODELS, 500, b""),
    ],
)
def test_what_went_wrong_otherwise_keeps_its_words(path: str, status: int, body: bytes) -> None:
    error = from_answer(status, httpx2.Headers({}), body, HERE)
    before = error.message, error.hint
    of_part(error, path, HERE)
    assert (error.message, error.hint) == before
    assert not error.absent
