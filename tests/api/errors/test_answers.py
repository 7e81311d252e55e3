import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer, from_event, from_other_content
from chatrepl.core.errors import ApiError, ApiErrorKind
from tests.api.helpers import KEY

HERE = Origin("https://gate.example:8443", "claude-x", "ANTHROPIC_API_KEY", (KEY,))
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"


def body(kind: str, message: str, **details: Any) -> bytes:
    error = {"type": kind, "message": message, **({"details": details} if details else {})}
    return json.dumps({"type": "error", "error": error, "request_id": "req_b"}).encode()


def answer(status: int, data: bytes = b"", **headers: str) -> ApiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_answer(status, httpx2.Headers(named), data, HERE)


@given(st.integers(100, 599), st.binary(), st.text())
def test_every_answer_becomes_one_of_our_errors(status: int, data: bytes, text: str) -> None:
    for sent in (data, json.dumps({"error": {"type": text, "message": text}}).encode()):
        error = answer(status, sent)
        assert error.message
        assert "\n" not in error.message
        assert error.exit_code in {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "exit_code"),
    [
        (400, "invalid", False, 1), (401, "auth", False, 3), (402, "billing", False, 1),
        (403, "permission", False, 3), (404, "not_found", False, 2), (408, "timeout", True, 4),
        (409, "server", True, 4), (413, "too_large", False, 5), (422, "invalid", False, 1),
        (429, "rate_limit", True, 4), (431, "invalid", False, 1), (500, "server", True, 4),
        (501, "server", True, 4), (502, "server", True, 4), (503, "server", True, 4),
        (504, "timeout", True, 4), (529, "overloaded", True, 4), (307, "connection", False, 4),
    ],
)  # fmt: skip
def test_a_status_says_what_to_do(status: int, kind: str, retryable: bool, exit_code: int) -> None:
    for data in (b"", HTML, b'{"error":"no"}', b"[1]"):
        error = answer(status, data)
        assert (error.kind, error.retryable, error.exit_code) == (kind, retryable, exit_code)
        assert error.status == status
        assert "nginx" not in error.message
        assert "<" not in error.message


@pytest.mark.parametrize(
    ("status", "data", "kind"),
    [
        (400, body("invalid_request_error", "prompt is too long: 3 > 2"), "too_large"),
        (
            400,
            body("invalid_request_error", "image bad", error_code="image_dimensions_too_large"),
            "too_large",
        ),
        (
            400,
            body(
                "invalid_request_error",
                "messages.0.content.0.image.source.base64.data: At least one of the image "
                "dimensions exceed max allowed size: 8000 pixels",
            ),
            "too_large",
        ),
        (
            400,
            body("invalid_request_error", "You have reached your specified API usage limits."),
            "spend_limit",
        ),
        (
            429,
            body("rate_limit_error", "No.", error_code="enforced_spend_limit_reached"),
            "spend_limit",
        ),
        (400, body("invalid_request_error", "Your credit balance is too low"), "billing"),
        (
            400,
            body(
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            ),
            "too_large",
        ),
        (
            400,
            body("invalid_request_error", "A maximum of 100 PDF pages may be provided."),
            "too_large",
        ),
        (400, body("invalid_request_error", "messages: bad role"), "invalid"),
    ],
)
def test_some_refusals_are_known_by_their_code_or_their_words(
    status: int, data: bytes, kind: str
) -> None:
    error = answer(status, data)
    assert error.kind == kind
    assert not error.retryable
    assert error.hint


@pytest.mark.parametrize("status", [200, 400, 422, 500])
@pytest.mark.parametrize(
    "words",
    [
        "Too much media: 3 document pages + 98 images > 100",
        "messages.2.content: too many images and documents: 101 + 0 > 100",
        "messages.0.content.0.document.source.base64.data: The PDF specified is too large",
        "request (9216 tokens) exceeds the available context size (8192 tokens)",
        "Input is too long for requested model.",
        "input tokens exceed the configured limit of 200000 tokens",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Request size exceeds the maximum allowed",
        "messages: text content blocks must be shorter than 9000000 characters",
        "The file is larger than 32 MB",
    ],
)
def test_whatever_a_service_calls_it_what_is_too_large_ends_with_5(status: int, words: str) -> None:
    error = answer(status, body("invalid_request_error", words))
    assert (error.kind, error.retryable, error.exit_code) == ("too_large", False, 5)
    assert words in error.message


def test_a_type_or_code_tells_as_well_that_it_is_too_large() -> None:
    assert answer(400, body("exceed_context_size_error", "No.")).exit_code == 5
    by_code = body("invalid_request_error", "No.", error_code="context_length_exceeded")
    assert answer(400, by_code).exit_code == 5


@pytest.mark.parametrize(
    "words",
    [
        "image too small: width 1 px",
        "request: cache_control.ttl exceeds what is allowed",
        "Request contains too many tools",
        "tools.0.custom.name: String should have at most 64 characters, it is too long",
        "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens",
        "input_schema: too many properties",
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ],
)
def test_what_is_wrong_with_a_parameter_is_not_the_input_s_size(words: str) -> None:
    assert answer(400, body("invalid_request_error", words)).kind == "invalid"


def test_a_spend_limit_is_not_tried_again_even_if_the_service_says_so() -> None:
    data = body("rate_limit_error", "No.", error_code="enforced_spend_limit_reached")
    assert not answer(429, data, x_should_retry="true").retryable


def test_the_service_has_the_last_word_on_retries() -> None:
    assert not answer(529, x_should_retry="false").retryable
    assert answer(400, x_should_retry="true").retryable


def test_a_long_wait_is_said_in_words() -> None:
    error = answer(429, retry_after="86400")
    assert error.retry_after_s == 86400
    assert error.hint == "It asks to wait 24 h; ask again then."
    assert answer(429, retry_after="2").hint == "Nothing is lost; try again in a moment."


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/messages"])
def test_an_address_with_too_much_at_its_end_is_not_taken_for_a_missing_model(path: str) -> None:
    origin = Origin(f"https://gate.example{path}", "claude-x")
    data = body("not_found_error", "Not found")

    error = from_answer(404, httpx2.Headers({}), data, origin)
    assert "model" not in error.message
    assert "/v1" in error.hint


def test_an_unknown_model_is_named_and_so_is_the_way_to_the_known_ones() -> None:
    error = answer(404, body("not_found_error", "model: claude-x"))
    assert error.message == "gate.example:8443 has no model claude-x."
    assert error.hint == "/models lists them."


def test_an_address_without_the_api_is_told_from_an_unknown_model() -> None:
    assert "no Messages API" in answer(404, HTML).message
    assert "base_url" in answer(404, HTML).hint


def test_a_refused_key_is_named_by_its_source_and_never_shown() -> None:
    error = answer(401, body("authentication_error", f"invalid key {KEY}"), request_id="req_h")
    assert "ANTHROPIC_API_KEY" in error.message
    assert KEY not in error.message
    assert error.request_id == "req_h"
    assert answer(401, body("authentication_error", "no")).request_id == "req_b"


def test_a_redirect_names_its_target_without_secrets() -> None:
    error = answer(302, location="https://me:pw@login.example/next?token=1")
    assert error.message == (
        "gate.example:8443 sends us elsewhere to login.example; it was not followed."
    )
    assert "sends us elsewhere" in answer(304).message


@pytest.mark.parametrize(
    ("kind", "expected", "retryable"),
    [
        ("overloaded_error", ApiErrorKind.OVERLOADED, True),
        ("api_error", ApiErrorKind.SERVER, True),
        ("rate_limit_error", ApiErrorKind.RATE_LIMIT, True),
        ("invalid_request_error", ApiErrorKind.INVALID, False),
        ("novel_error", ApiErrorKind.STREAM, True),
    ],
)
def test_an_error_event_is_known_by_its_type(
    kind: str, expected: ApiErrorKind, retryable: bool
) -> None:
    error = from_event({"error": {"type": kind, "message": "Words."}}, "req_1", HERE)
    assert (error.kind, error.type, error.retryable) == (expected, kind, retryable)
    assert "Words." in error.message
    assert error.request_id == "req_1"


@pytest.mark.parametrize("data", [None, [], {}, {"error": None}, {"error": 3}, "text"])
def test_an_error_event_that_explains_nothing_breaks_the_answer_off(data: object) -> None:
    assert from_event(data, None, HERE).kind is ApiErrorKind.STREAM


def test_a_web_page_is_named_by_its_title_and_not_shown() -> None:
    page = b"<html><TITLE>\n Guest\n network </TITLE><body>Please <b>sign in</b></body>"
    error = from_other_content("text/html", {}, page, HERE)
    assert "“Guest network”" in error.message
    assert "sign in" not in error.message
    assert "login page" in error.hint
    assert not error.retryable


def test_an_error_object_with_a_success_status_is_what_it_says() -> None:
    data = body("overloaded_error", "Overloaded")
    error = from_other_content("application/json", {}, data, HERE)
    assert error.kind is ApiErrorKind.OVERLOADED


def test_other_content_is_named() -> None:
    error = from_other_content("application/pdf", {"request-id": "req_1"}, b"%PDF", HERE)
    assert "application/pdf" in error.message
    assert error.request_id == "req_1"


LOGIN_PAGE = b"<html><head><title>401 Authorization Required</title></head></html>"


@pytest.mark.parametrize("data", [b"", LOGIN_PAGE])
def test_a_proxy_that_wants_a_login_is_not_about_the_key(data: bytes) -> None:
    error = answer(401, data, www_authenticate='Basic realm="restricted"')
    assert error.message == "gate.example:8443 wants a name and a password (401)."
    assert "NAME:PASSWORD@" in error.hint
    assert (error.kind, error.exit_code) == (ApiErrorKind.AUTH, 3)


@pytest.mark.parametrize("scheme", ["Bearer", 'Bearer realm="basic"', "", "Basicauth"])
def test_another_401_is_about_the_key(scheme: str) -> None:
    assert "key" in answer(401, b"", www_authenticate=scheme).message
    said = body("authentication_error", "no such key")
    assert "no such key" in answer(401, said, www_authenticate="Basic").message


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_status_that_a_page_names_again_is_said_once(status: int) -> None:
    page = f"<html><head><title>{status} Some Words</title></head></html>".encode()
    assert answer(status, page).message.count(str(status)) == 1
