"""What is the request's own fault is not waited out, whatever the status says."""

import json

import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.errors.named import refused_words
from chatrepl.api.errors.permanent import permanent_kind
from chatrepl.core.errors import ApiErrorKind

INVALID, TOO_LARGE, NOT_FOUND = (
    ApiErrorKind.INVALID,
    ApiErrorKind.TOO_LARGE,
    ApiErrorKind.NOT_FOUND,
)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("image input is not supported - hint: you may need to provide the mmproj", INVALID),
        ("litellm.UnsupportedParamsError: ollama does not support parameters: ['x']", INVALID),
        ("Unknown parameter: cache_control", INVALID),
        ("This server does not support tools", INVALID),
        ("Conversation roles must alternate user/assistant/user/assistant/...", INVALID),
        ("System message must be at the beginning.", INVALID),
        ("litellm.BadRequestError: OpenAIException - bad", INVALID),
        ("model 'llama9' not found, try pulling it first", NOT_FOUND),
        ("The model `x` does not exist.", NOT_FOUND),
        ("unknown model: x", NOT_FOUND),
        ("the request exceeds the available context size", TOO_LARGE),
        ("Context size has been exceeded.", TOO_LARGE),
        ("input is too large to process. increase the physical batch size", TOO_LARGE),
        ("ContextWindowExceededError: too much", TOO_LARGE),
    ],
)
def test_a_permanent_error_that_comes_as_500_is_not_retried(words: str, kind: ApiErrorKind) -> None:
    for status in (500, 503):
        body = json.dumps({"error": {"code": status, "message": words}}).encode()
        error = from_answer(status, {}, body, Origin(model="x"))
        assert (error.kind, error.retryable) == (kind, False)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Internal server error",
        "Overloaded",
        "The model is not available right now, try again",
        "context deadline exceeded",
        "upstream request timeout",
        "connection to the model was not permitted",
        "slot unavailable",
        "boom",
    ],
)
def test_a_failure_of_the_moment_is_waited_out(words: str) -> None:
    assert permanent_kind(words) is None
    body = json.dumps({"error": {"message": words}}).encode()
    assert from_answer(500, {}, body, Origin()).retryable


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"error": {"type": "invalid_request_error", "message": "a"}}, "a"),
        ({"error": "a"}, "a"),
        ({"detail": "a"}, "a"),
        ({"detail": [{"loc": ["body", "x", 0], "msg": "a", "input": "secret"}]}, "body.x.0 a"),
        ({"error": {"message": "a", "param": "x", "code": "c"}}, "x a c"),
        ({"message": ["a", "b"]}, "a.b"),
        ({"input": "a", "n": 1}, ""),
        ([{"message": "a"}], "a"),
        (7, ""),
    ],
)
def test_a_lesson_hears_what_an_answer_says_and_not_what_it_repeats(
    value: object, words: str
) -> None:
    assert refused_words(json.dumps(value).encode()) == words


def test_an_answer_that_is_no_json_is_heard_as_it_is() -> None:
    assert refused_words(b"unknown field: x") == "unknown field: x"
    assert refused_words(b"[" * 90_000) == "[" * 4000
    nested = b'{"error":' * 50 + b'{"message": "deep"}' + b"}" * 50
    assert refused_words(nested) == ""


@pytest.mark.parametrize(
    "words",
    [
        "anthropic_messages: Invalid model name passed in model=x-9. Call `/v1/models`.",
        "x-9 is not a valid model ID",
        "The requested model is not supported.",
        "There are no healthy deployments for this model: X-9",
        "unknown model: x-9",
        "The model `x-9` does not exist or you do not have access to it.",
        "model_not_supported: x-9",
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_router_that_has_no_such_model_says_so_with_any_status(words: str, status: int) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    error = from_answer(status, {}, body, Origin("http://gate:4000", "x-9"))
    assert (error.kind, error.exit_code) == (NOT_FOUND, 2)
    assert error.message.startswith("gate:4000 has no model x-9: ")
    assert "/models" in error.hint


@pytest.mark.parametrize(
    ("words", "model"),
    [
        ("model x-9 does not support temperature", "x-9"),
        ("x-9: thinking is not supported with this model", "x-9"),
        ("fallbacks.0.model: y-1 does not exist", "x-9"),
        ("unknown model: x-9", ""),
    ],
)
def test_what_a_model_does_not_take_is_not_a_model_that_is_not_there(
    words: str, model: str
) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    assert from_answer(400, {}, body, Origin("http://gate:4000", model)).kind is INVALID
