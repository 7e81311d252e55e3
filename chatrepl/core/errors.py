"""Every error a user may see.

    ChatreplError            shown in at most three lines, never as a traceback
    ├── UsageError           the user asked for something impossible        exit 2
    ├── ConfigError          a setting or its file is wrong                 exit 2
    ├── AttachmentError      a file cannot be attached                      exit 2 or 5
    ├── StorageError         a conversation could not be read or written    exit 1
    ├── ToolError            a tool, or the server of it, failed            exit 1
    ├── ReplyError           the reply is not what was asked for            exit 6, 7 or 8
    └── ApiError             the service said no, or was out of reach       exit 1, 3, 4 or 5

Anything else that escapes is a bug: exit 70, with a traceback in a log file.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

# Steps that are worded anew where more is known: by the chat, and by the single shot.
AGAIN: Final = "Nothing is lost; try again in a moment."
CHANGE: Final = "Nothing is lost; change it and send it again."
SAFE: Final = "Nothing was sent."
CAUSE: Final = "/doctor looks for the cause."
REFUSED: Final = "The service refused the request"
TOO_LONG: Final = "The conversation is longer than the model's window"
BUG: Final = 70
SIGNALLED: Final = 128  # and the number of the signal
INTERRUPTED: Final = 130


class ChatreplError(Exception):
    """Base of all errors that are shown to the user.

    `message` says what happened in one line; `hint` says what is safe or what to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class UsageError(ChatreplError):
    """The user asked for something impossible."""

    exit_code = 2


class UnsentError(ChatreplError):
    """The user would rather not send what was typed: no failure, and said as none."""

    def __init__(self, words: str = "Not sent; your message is in the prompt.") -> None:
        super().__init__(words)


class ConfigError(ChatreplError):
    """A setting is missing, misspelt or of the wrong type."""

    exit_code = 2


class AttachmentError(ChatreplError):
    """A file cannot be attached."""

    exit_code = 2


class StorageError(ChatreplError):
    """A conversation could not be read or written."""


class ToolError(ChatreplError):
    """A tool, or the server that it is from, failed."""


class ReplyError(ChatreplError):
    """The reply came, but it is not what was asked for."""

    exit_code = 8


class ApiErrorKind(StrEnum):
    """What went wrong with the service, by what the user can do about it."""

    AUTH = "auth"
    PERMISSION = "permission"
    BILLING = "billing"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    RATE_LIMIT = "rate_limit"
    SPEND_LIMIT = "spend_limit"
    OVERLOADED = "overloaded"
    SERVER = "server"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    STREAM = "stream"  # the answer broke off, or was no event stream


RETRYABLE = frozenset(
    {
        ApiErrorKind.RATE_LIMIT,
        ApiErrorKind.OVERLOADED,
        ApiErrorKind.SERVER,
        ApiErrorKind.CONNECTION,
        ApiErrorKind.TIMEOUT,
        ApiErrorKind.STREAM,
    }
)

_EXIT_CODES: Mapping[ApiErrorKind, int] = {
    ApiErrorKind.AUTH: 3,
    ApiErrorKind.PERMISSION: 3,
    ApiErrorKind.TOO_LARGE: 5,
    ApiErrorKind.RATE_LIMIT: 4,
    ApiErrorKind.OVERLOADED: 4,
    ApiErrorKind.SERVER: 4,
    ApiErrorKind.CONNECTION: 4,
    ApiErrorKind.TIMEOUT: 4,
}


_API_TYPES: Mapping[ApiErrorKind, str] = {  # where the API's own word is another than ours
    ApiErrorKind.AUTH: "authentication_error",
    ApiErrorKind.INVALID: "invalid_request_error",
    ApiErrorKind.SERVER: "api_error",
}


class ApiError(ChatreplError):
    """The service refused a request, could not be reached, or broke off its answer.

    `type` is the API's own error type where it named one; `retry_after_s` its wish, in seconds.
    `answer` is all that the refusal said, not fit to be shown: for lessons. It came `tries` times.
    It is `absent` what the server merely does not have, though it answers messages.
    """

    def __init__(  # noqa: PLR0913 - the parts of one error, all but two optional
        self,
        kind: ApiErrorKind,
        message: str,
        hint: str = "",
        *,
        type: str | None = None,  # noqa: A002 - the API's word
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, hint, exit_code=_EXIT_CODES.get(kind, 1))
        self.kind = kind
        self.type = type or _API_TYPES.get(kind, f"{kind.value}_error")
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.answer = ""
        self.tries = 1
        self.absent = False
        self.retryable = kind in RETRYABLE if retryable is None else retryable
