import json

from chatrepl.core.errors import (
    ApiError,
    ApiErrorKind,
    ChatreplError,
    ReplyError,
    StorageError,
    UsageError,
)
from chatrepl.core.exchange.reply import MessageDelta, MessageStart, Reply, RetryWait
from chatrepl.core.result import Result, error_to_wire
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Prefill, Receipt
from chatrepl.core.talk.usage import Usage


def test_a_result_is_the_object_of_the_contract() -> None:
    receipt = Receipt(
        model="m-1", stop_reason="end_turn", usage=Usage(1, 2, 3, 4), request_id="req_1",
        prefill=Prefill("{", "native"), cost_usd=0.25, uncached_usd=0.75, duration_s=0.8124,
        stop_sequence="END",
    )  # fmt: skip
    cited = {"type": "web_search_result_location", "url": "https://a", "title": "A"}
    reply = Reply((TextBlock("hi", (cited,)),))
    for event in (
        RetryWait("busy", 1, 2, 3),
        MessageStart("m-1", "msg_1", {"input_tokens": 1, "service_tier": "standard"}, "req_1"),
        MessageDelta("end_turn", None, {"output_tokens": 2}, "END", {"id": "c1"}),
    ):
        reply = reply.apply(event)
    found = Result("hi", {"a": 1}, "m", receipt, reply, "id-1").to_wire()

    assert json.loads(json.dumps(found)) == {
        "schema": 1, "ok": True, "text": "hi", "parsed": {"a": 1}, "model": "m-1",
        "stop_reason": "end_turn", "stop_details": None,
        "prefill": {"text": "{", "mode": "native"},
        "stop_sequence": "END", "message_id": "msg_1", "container": {"id": "c1"},
        "content": [{"type": "text", "text": "hi", "citations": [cited]}],
        "sources": [{"n": 1, "title": "A", "url": "https://a", "cited_text": None}],
        "usage": {"input_tokens": 1, "service_tier": "standard", "output_tokens": 2,
                  "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
        "cost_usd": 0.25, "cost_at_least": False, "saved_usd": 0.5, "duration_ms": 812,
        "retries": 2,
        "request_id": "req_1", "session_id": "id-1", "error": None,
    }  # fmt: skip


def test_what_is_not_known_is_null() -> None:
    found = Result(model="m", error=UsageError("No.")).to_wire()

    assert found["ok"] is False
    assert found["model"] == "m"
    unknown = ("parsed", "stop_reason", "prefill", "cost_usd", "saved_usd", "request_id")
    assert {found[key] for key in unknown} == {None}


def test_a_refusal_is_told_from_an_empty_answer() -> None:
    refused = Receipt(stop_reason="refusal", request_id="req_1")
    error = ReplyError("No.", exit_code=7)

    kinds = [
        Result(receipt=receipt, error=error).to_wire()["error"]["type"]
        for receipt in (refused, Receipt(stop_reason="end_turn"))
    ]
    assert kinds == ["refusal", "empty_error"]
    assert Result(receipt=refused, error=error).to_wire()["error"]["request_id"] == "req_1"


def test_errors_tell_their_type_and_whether_to_try_again() -> None:
    busy = ApiError(ApiErrorKind.OVERLOADED, "Busy.", status=529, request_id="req_1")

    assert error_to_wire(busy) == {
        "type": "overloaded_error", "status": 529, "message": "Busy.", "retryable": True,
        "request_id": "req_1",
    }  # fmt: skip
    types = [
        error_to_wire(error)["type"]
        for error in (
            UsageError(""), ReplyError(""), ReplyError("", exit_code=6),
            ReplyError("", exit_code=1), StorageError(""),
            ReplyError("", exit_code=7), ChatreplError("", exit_code=130),
            ChatreplError("", exit_code=143), ChatreplError(""),
        )
    ]  # fmt: skip
    assert types == [
        "usage_error", "format_error", "cut_error", "incomplete_error", "storage_error",
        "empty_error", "interrupted", "terminated", "error",
    ]  # fmt: skip
