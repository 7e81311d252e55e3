"""Failures that are no answer of the service: turned into our errors by their root causes.

Exceptions are recognised by what they are made of, so that nothing slow is imported here. A cause
that deserves words of its own goes into `_cause`.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Final

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError

_AGAIN: Final = "Nothing is lost; try again in a moment."
_LINE: Final = "Nothing is lost; check the network and try again."
_EARLIEST: Final = 1_750_000_000.0  # a clock before mid-2025 is wrong
_LATEST: Final = 2_200_000_000.0  # so is one after 2039
_CERT_DATES: Final = frozenset({9, 10})  # OpenSSL: not yet valid, expired


def from_exception(error: BaseException, origin: Origin, *, begun: bool = False) -> ApiError:
    """Turn anything that the SDK or its HTTP stack raised into our error.

    `begun` says that the answer had begun: then it was broken off.
    """
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if response is not None and isinstance(status, int) and not begun:
        if status >= 300:
            return from_answer(status, response.headers, response.content, origin)
        return _unreadable(origin)
    chain = list(_causes(error))
    names = {type(link).__name__ for link in chain}
    found = None if begun else _cause(chain, names, origin)
    return found or _broken(chain, names, origin, begun=begun)


def timed_out(origin: Origin, seconds: float, *, begun: bool) -> ApiError:
    """Say that nothing came for too long."""
    waited = f"for {round(seconds)} s"
    message = (
        f"The answer stopped coming: nothing {waited}."
        if begun
        else f"{origin.host} did not answer {waited}."
    )
    return ApiError(ApiErrorKind.TIMEOUT, message, _AGAIN)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk an exception, its causes and the members of groups; the outermost comes first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting.extend(link.exceptions)
        waiting.extend((link.__cause__, link.__context__))


def _cause(chain: list[BaseException], names: set[str], origin: Origin) -> ApiError | None:
    for link in chain:
        match link:
            case ChatreplError():
                return link if isinstance(link, ApiError) else None
            case socket.gaierror():
                return _away(f"The name {origin.host} cannot be resolved.", _LINE)
            case ConnectionRefusedError():
                return _away(f"Nothing answers at {origin.address}: connection refused.", _LINE)
            case ssl.SSLCertVerificationError():
                return _certificate(link, origin)
            case _:
                pass
    if "ProxyError" in names:
        said = next(str(link) for link in chain if type(link).__name__ == "ProxyError")
        hint = "Check HTTPS_PROXY and ALL_PROXY."
        return _away(f"The proxy refused the connection: {origin.clean(said)}", hint)
    if any(isinstance(link, ssl.SSLError) for link in chain):
        message = f"No secure connection to {origin.address} could be made."
        return _away(message, "Check base_url: https or http, and the port.")
    if "UnsupportedProtocol" in names or "InvalidURL" in names:
        message = f"{origin.clean(origin.url)} is no address that can be reached."
        return _wrong(message, "Check base_url: it begins with https:// or http://.")
    return _credentials(chain, names, origin)


def _credentials(chain: list[BaseException], names: set[str], origin: Origin) -> ApiError | None:
    if names & {"CredentialsError", "IdentityTokenFileError"}:
        said = origin.clean(str(chain[0]))
        return ApiError(ApiErrorKind.AUTH, f"The credentials could not be read: {said}")
    if isinstance(chain[0], TypeError) and "authentication" in str(chain[0]):
        return ApiError(ApiErrorKind.AUTH, "There are no credentials.", "Set ANTHROPIC_API_KEY.")
    if "LocalProtocolError" in names or isinstance(
        chain[0], UnicodeEncodeError | TypeError | ValueError
    ):
        message = f"The request could not be written: {origin.clean(str(chain[-1]))}"
        return _wrong(message, "Check the headers and base_url in the configuration.")
    return None


def _broken(
    chain: list[BaseException], names: set[str], origin: Origin, *, begun: bool
) -> ApiError:
    if any(name.endswith("Timeout") for name in names) or "APITimeoutError" in names:
        what = "The answer stopped coming." if begun else f"{origin.host} did not answer in time."
        return ApiError(ApiErrorKind.TIMEOUT, what, _AGAIN)
    if begun:
        message = "The connection broke before the answer was complete."
        return ApiError(ApiErrorKind.STREAM, message, _AGAIN)
    reset = any(isinstance(link, ConnectionError) for link in chain)
    if reset or names & {"RemoteProtocolError", "ReadError", "WriteError", "CloseError"}:
        return _away(f"{origin.address} closed the connection without an answer.", _AGAIN)
    return _away(f"{origin.address} could not be reached.", _LINE)


def _certificate(error: ssl.SSLCertVerificationError, origin: Origin) -> ApiError:
    reason = origin.clean(error.verify_message or "it could not be verified")
    message = f"The certificate of {origin.host} was not accepted: {reason}."
    hint = "A proxy may be in between; SSL_CERT_FILE names a certificate bundle to trust."
    now = time.time()
    if not _EARLIEST < now < _LATEST or error.verify_code in _CERT_DATES:
        hint = f"Is the clock right? It says {time.strftime('%Y-%m-%d', time.gmtime(now))}."
    return ApiError(ApiErrorKind.CONNECTION, message, hint, retryable=False)


def _unreadable(origin: Origin) -> ApiError:
    message = f"The answer of {origin.host} could not be read."
    return ApiError(ApiErrorKind.STREAM, message, "Check base_url: it may not be a Messages API.")


def _away(message: str, hint: str) -> ApiError:
    return ApiError(ApiErrorKind.CONNECTION, message, hint)


def _wrong(message: str, hint: str) -> ApiError:
    error = ApiError(ApiErrorKind.INVALID, message, hint)
    error.exit_code = 2
    return error
