import pytest

from chatrepl.core.errors import (
    RETRYABLE,
    ApiError,
    ApiErrorKind,
    AttachmentError,
    ChatreplError,
    ConfigError,
    ReplyError,
    StorageError,
    ToolError,
    UsageError,
)


@pytest.mark.parametrize(
    ("cls", "code"),
    [
        (ChatreplError, 1),
        (UsageError, 2),
        (ConfigError, 2),
        (AttachmentError, 2),
        (StorageError, 1),
        (ToolError, 1),
        (ReplyError, 8),
    ],
)
def test_every_error_has_its_exit_code(cls: type[ChatreplError], code: int) -> None:
    error = cls("It broke.", "Mend it.")
    assert (error.exit_code, str(error), error.hint) == (code, "It broke.", "Mend it.")
    assert cls("x", exit_code=5).exit_code == 5
    assert cls.exit_code == code


@pytest.mark.parametrize("kind", ApiErrorKind)
def test_every_failure_of_the_service_has_an_exit_code_and_may_be_tried_again_or_not(
    kind: ApiErrorKind,
) -> None:
    error = ApiError(kind, "x")
    assert error.exit_code in {1, 3, 4, 5}
    assert error.retryable == (kind in RETRYABLE)
    assert ApiError(kind, "x", retryable=not error.retryable).retryable != error.retryable
    assert error.type.endswith("_error")


@pytest.mark.parametrize(
    ("kind", "code"),
    [("auth", 3), ("permission", 3), ("billing", 1), ("too_large", 5), ("overloaded", 4),
     ("rate_limit", 4), ("spend_limit", 1), ("connection", 4), ("invalid", 1)],
)  # fmt: skip
def test_the_exit_codes_are_those_promised(kind: str, code: int) -> None:
    assert ApiError(ApiErrorKind(kind), "x").exit_code == code


def test_where_the_service_names_no_type_it_is_named_as_the_service_would() -> None:
    kinds = ("auth", "invalid", "server", "overloaded", "not_found")
    assert [ApiError(ApiErrorKind(kind), "x").type for kind in kinds] == [
        "authentication_error", "invalid_request_error", "api_error", "overloaded_error",
        "not_found_error",
    ]  # fmt: skip


def test_the_services_own_words_are_kept() -> None:
    error = ApiError(
        ApiErrorKind.SERVER, "x", type="api_error", status=500, request_id="r", retry_after_s=2.0
    )
    assert (error.type, error.status, error.request_id, error.retry_after_s) == (
        "api_error",
        500,
        "r",
        2.0,
    )
