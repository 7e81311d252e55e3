import socket
import ssl
import time
from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.exceptions import from_exception as of
from chatrepl.api.errors.exceptions import timed_out
from chatrepl.api.sdk import FAULTS
from chatrepl.core.errors import ApiError, ApiErrorKind, ConfigError

HERE = Origin("https://gate.example", "claude-x")
ASKED = httpx2.Request("POST", "https://gate.example/v1/messages")


def from_exception(error: BaseException, origin: Origin, *, begun: bool = False) -> ApiError:
    return of(error, origin, FAULTS, begun=begun)


def caused(outer: Exception, *inner: BaseException) -> Exception:
    """Chain exceptions, the outermost first."""
    link: BaseException = outer
    for cause in inner:
        link.__cause__ = cause
        link = cause
    return outer


def connection(*inner: BaseException) -> ApiError:
    return from_exception(
        caused(anthropic.APIConnectionError(request=ASKED), httpx2.ConnectError("x"), *inner), HERE
    )


def _classes(base: type[BaseException]) -> Iterator[type[BaseException]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _classes(kind)


def _made(kind: type[BaseException]) -> BaseException:
    response = httpx2.Response(getattr(kind, "status_code", 500), request=ASKED, content=b"{}")
    if issubclass(kind, anthropic.APIStatusError):
        return kind("no", response=response, body=None)
    if issubclass(kind, anthropic.APIResponseValidationError):
        return kind(httpx2.Response(200, request=ASKED), None)
    if issubclass(kind, anthropic.APITimeoutError):
        return kind(ASKED)
    if issubclass(kind, anthropic.APIConnectionError):
        return kind(request=ASKED)
    if issubclass(kind, anthropic.APIError):
        return kind("no", ASKED, body=None)
    made = kind.__new__(kind)  # some want arguments that say nothing here
    made.args = ("no",)
    return made


SDK = sorted(
    {
        kind
        for kind in _classes(anthropic.AnthropicError)
        if kind.__module__.startswith("anthropic")
    },
    key=lambda kind: kind.__qualname__,
)
STACK = sorted(
    {
        kind
        for kind in _classes(httpx2.HTTPError)
        if kind.__module__.startswith("httpx2") and kind is not httpx2.HTTPStatusError
    },
    key=lambda kind: kind.__qualname__,
)


def test_the_walk_over_the_sdk_finds_its_classes() -> None:
    assert {anthropic.RateLimitError, anthropic.APITimeoutError} <= set(SDK)
    assert len(SDK) > 25
    assert httpx2.RemoteProtocolError in STACK


@pytest.mark.parametrize("kind", [*SDK, *STACK], ids=lambda kind: kind.__qualname__)
def test_every_exception_of_the_sdk_and_its_stack_has_words(kind: type[BaseException]) -> None:
    for begun in (False, True):
        error = from_exception(_made(kind), HERE, begun=begun)
        assert isinstance(error, ApiError)
        assert error.message.endswith((".", "no"))
        assert kind.__name__ not in error.message


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "gate.example cannot be reached: no such host.",
        ),
        (
            ConnectionRefusedError(111, "refused"),
            "gate.example:443 cannot be reached: connection refused",
        ),
        (ConnectionResetError(104, "reset"), "closed the connection without an answer"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "No secure connection"),
        (OSError(101, "Network is unreachable"), "cannot be reached"),
    ],
)
def test_the_root_cause_is_what_is_told(cause: BaseException, words: str) -> None:
    error = connection(cause)
    assert words in error.message
    assert error.kind is ApiErrorKind.CONNECTION
    assert error.retryable
    grouped = connection(OSError("all failed"), BaseExceptionGroup("several", [cause]))
    assert words in grouped.message


def test_a_circle_of_causes_has_an_end() -> None:
    one, two = OSError("a"), OSError("b")
    one.__cause__, two.__cause__ = two, one
    assert "cannot be reached" in from_exception(one, HERE).message


def certificate(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED")
    error.verify_code, error.verify_message = code, words
    return error


def test_a_certificate_is_blamed_and_the_clock_where_it_may_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.0)
    error = connection(certificate(18, "self-signed certificate"))
    assert "self-signed certificate" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert not error.retryable
    of_another = "certificate is not valid for 'b.test'."  # OpenSSL's own full stop
    assert connection(certificate(64, of_another)).message.endswith("'b.test'.")
    assert ".." not in connection(certificate(64, of_another)).message
    assert "Is the clock right?" in connection(certificate(10, "certificate has expired")).hint
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert "1970-01-01" in connection(certificate(18, "self-signed certificate")).hint


def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://u:p@proxy.test:3128")
    error = from_exception(
        caused(anthropic.APIConnectionError(request=ASKED), httpx2.ProxyError("407 http://u:p@x")),
        HERE,
    )
    assert "The proxy proxy.test:3128 (https_proxy) refused" in error.message
    assert "u:p" not in error.message


@pytest.mark.parametrize(
    "error", [httpx2.UnsupportedProtocol("no scheme"), httpx2.InvalidURL("bad port")]
)
def test_an_address_that_is_none_is_a_matter_of_configuration(error: Exception) -> None:
    found = from_exception(error, HERE)
    assert found.exit_code == 2
    assert "base_url" in found.hint
    assert not found.retryable


def test_a_header_that_cannot_be_written_is_a_matter_of_configuration() -> None:
    found = from_exception(UnicodeEncodeError("ascii", "ä", 0, 1, "no"), HERE)
    assert found.exit_code == 2
    assert "headers" in found.hint


def test_credentials_that_cannot_be_read_or_are_not_there_exit_with_three() -> None:
    for error in (
        anthropic.CredentialsError("profile x is broken"),
        TypeError('"Could not resolve authentication method"'),
    ):
        assert from_exception(error, HERE).exit_code == 3


def test_an_answer_that_had_begun_was_broken_off() -> None:
    error = from_exception(httpx2.RemoteProtocolError("incomplete"), HERE, begun=True)
    assert error.kind is ApiErrorKind.STREAM
    assert from_exception(httpx2.ReadTimeout("slow"), HERE, begun=True).kind == "timeout"


def test_an_error_of_ours_inside_stays_what_it_is() -> None:
    ours = ApiError(ApiErrorKind.AUTH, "No key.")
    assert from_exception(caused(RuntimeError("x"), ours), HERE) is ours
    other = from_exception(caused(RuntimeError("x"), ConfigError("y")), HERE)
    assert other.kind is ApiErrorKind.CONNECTION


def test_silence_is_told_in_seconds() -> None:
    assert timed_out(HERE, 90.2, begun=False).message == "gate.example did not answer for 90 s."
    assert "stopped coming" in timed_out(HERE, 90, begun=True).message
