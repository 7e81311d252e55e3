"""The rules for a whole request: 400, 404 and 413 in the words of the service.

`check_messages_request` and `check_count_request` return the request in normal form or raise
`ApiFault`. A new top-level key is one row of `_OPTIONAL`.
"""

import json
import re
from typing import Any

from chatrepl.demo import validate_schema, validate_thinking
from chatrepl.demo.containers import check_container
from chatrepl.demo.fields import (
    Check,
    array,
    cache_control,
    flag,
    maybe,
    one_of,
    record,
    shape,
    text,
    texts,
    typed,
    whole,
)
from chatrepl.demo.models import MODELS, ModelCard, find, usable
from chatrepl.demo.request import WireMessage, WireRequest, as_blocks
from chatrepl.demo.validate_betas import (
    beta_checks,
    check_compaction,
    check_sampling,
    with_form,
)
from chatrepl.demo.validate_calls import check_calls
from chatrepl.demo.validate_changes import check_changes
from chatrepl.demo.validate_messages import check_messages
from chatrepl.demo.validate_tools import check_choice, check_tools
from chatrepl.demo.wire import JSON, ApiFault, invalid

BODY_BYTES = 32 * 1024 * 1024
_BETA = re.compile(r"[a-z0-9-]+-\d{4}-\d{2}-\d{2}")
_SHARED: dict[str, Check] = {
    "cache_control": cache_control,
    "output_config": record,
    "speed": maybe(one_of("standard", "fast")),
    "system": lambda _path, _value: None,
    "thinking": record,
    "tool_choice": record,
    "tools": array,
    "user_profile_id": text,
    "workspace_id": text,
}
_OPTIONAL: dict[str, Check] = {
    **_SHARED,
    "container": maybe(lambda _path, _value: None),
    "diagnostics": maybe(record),
    "inference_geo": maybe(one_of("us", "global")),
    "metadata": record,
    "service_tier": one_of("auto", "standard_only"),
    "stop_sequences": texts,
    "stream": flag,
}


def parse(body: bytes) -> JSON:
    """Return the JSON object of a body; raises 413 when it is too large, 400 when it is none."""
    if len(body) > BODY_BYTES:
        raise ApiFault(413, "Request exceeds the maximum size")
    try:
        value = json.loads(body)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None
    record("body", value)
    return dict(value)


def check_messages_request(body: JSON, betas: str = "", version: str = "") -> WireRequest:
    """Check a body of POST /v1/messages, sent under a version of the API."""
    needed: dict[str, Check] = {"model": text, "max_tokens": whole, "messages": array}
    return _check(body, needed, _OPTIONAL, (betas, version))


def check_count_request(body: JSON, betas: str = "", version: str = "") -> WireRequest:
    """Check a body of POST /v1/messages/count_tokens."""
    needed: dict[str, Check] = {"model": text, "messages": array}
    request = _check(body, needed, _SHARED, (betas, version))
    for tool in (*request.tools, *(t for m in request.messages for t in m.defined())):
        if str(tool.get("type", "custom")).startswith(("web_", "code_execution")):
            raise invalid("tools: Server tools are not supported in the count_tokens endpoint.")
    for message in request.messages:
        for block in message.content:
            source = block.get("source")
            if isinstance(source, dict) and source.get("type") in {"url", "file"}:
                raise invalid(
                    f"messages.{message.place}.content: {source['type']} sources are not "
                    "supported in the count_tokens endpoint."
                )
    return request


def _check(
    body: JSON, needed: dict[str, Check], optional: dict[str, Check], sent: tuple[str, str]
) -> WireRequest:
    betas, version = _betas(sent[0]), sent[1]
    model = find(body.get("model")) or MODELS[0]
    body = with_form(check_sampling(body, model, version), betas)
    shape("", body, needed, optional | beta_checks(betas))
    model = usable(body["model"])
    _check_small(body, model)
    check_compaction(body)
    system = _check_system(body.get("system"))
    check_tools(body, model)
    validate_thinking.check_config(body, model, betas)
    _check_output(body, model)
    messages = check_messages(body, model, betas)
    request = WireRequest(body, model, system, messages, betas)
    check_changes(request)
    check_container(request)
    check_choice(body, model, request.offered)
    _check_prefill(request)
    check_calls(messages, body)
    _check_citations(request)
    return request


def _betas(sent: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in sent.split(",") if part.strip())
    for name in sorted(found):
        if not _BETA.fullmatch(name):
            raise invalid(f"Unexpected value(s) `{name}` for the `anthropic-beta` header.")
    return found


def _check_small(body: JSON, model: ModelCard) -> None:
    limit = body.get("max_tokens")
    if limit is not None and limit < 0:
        raise invalid("max_tokens: must be greater than or equal to 0")
    if limit is not None and limit > model.max_output:
        raise invalid(
            f"max_tokens: {limit} > {model.max_output}, which is the maximum allowed number of "
            f"output tokens for {model.id}"
        )
    if limit == 0:
        _check_prewarm(body)
    for place, stop in enumerate(body.get("stop_sequences", [])):
        if not stop.strip():
            raise invalid(f"stop_sequences.{place}: each stop sequence must contain non-whitespace")
    if "metadata" in body:
        shape("metadata", body["metadata"], {}, {"user_id": maybe(text)})
        if len(body["metadata"].get("user_id") or "") > 256:
            raise invalid("metadata.user_id: String should have at most 256 characters")
    if body.get("diagnostics") is not None:
        shape("diagnostics", body["diagnostics"], {}, {"previous_message_id": maybe(text)})
    if body.get("speed") == "fast" and not model.fast:
        raise invalid(f"speed: 'fast' is not supported on {model.id}")


def _check_prewarm(body: JSON) -> None:
    forced = (body.get("tool_choice") or {}).get("type") in {"any", "tool"}
    manual = (body.get("thinking") or {}).get("type") == "enabled"
    for bad, what in (
        (body.get("stream"), "stream"), (forced, "tool_choice"), (manual, "thinking"),
    ):  # fmt: skip
        if bad:
            raise invalid(f"max_tokens: 0 cannot be combined with `{what}`")


def _check_system(system: Any) -> tuple[JSON, ...]:
    if system is None:
        return ()
    if isinstance(system, str):
        return as_blocks(system) if system.strip() else ()
    array("system", system)
    kinds: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
        "text": (
            {"text": text}, {"cache_control": cache_control, "citations": maybe(array)},
        ),
    }  # fmt: skip
    for place, block in enumerate(system):
        typed(f"system.{place}", block, kinds)
        if not block["text"].strip():
            words = "non-empty" if not block["text"] else "contain non-whitespace text"
            verb = "must be" if not block["text"] else "must"
            raise invalid(f"system: text content blocks {verb} {words}")
    return tuple(system)


def _check_output(body: JSON, model: ModelCard) -> None:
    config = body.get("output_config")
    if config is None:
        return
    shape("output_config", config, {}, {"effort": maybe(text), "format": maybe(record)})
    effort = config.get("effort")
    if effort is not None:
        if not model.effort:
            raise invalid("This model does not support the effort parameter.")
        one_of(*model.effort)("output_config.effort", effort)
        off = (body.get("thinking") or {}).get("type") == "disabled"
        if off and effort in {"xhigh", "max"}:
            raise invalid(
                f'output_config.effort: "{effort}" requires thinking; '
                '"thinking.type.disabled" is not supported with it'
            )
    if config.get("format") is not None:
        path = "output_config.format"
        needed: dict[str, Check] = {"type": one_of("json_schema"), "schema": record}
        shape(path, config["format"], needed, {})
        validate_schema.check_schema(f"{path}.schema", config["format"]["schema"])


def _check_prefill(request: WireRequest) -> None:
    last = request.messages[-1]
    if last.role != "assistant" or request.resumes:
        return
    if not request.model.prefill:
        raise invalid(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    if request.thinking == "enabled":
        raise invalid(
            f"messages.{last.place}.content.0.type: Expected `thinking` or `redacted_thinking`, "
            "but found `text`. When `thinking` is enabled, a final `assistant` message must start "
            "with a thinking block. To prefill a reply, disable `thinking`."
        )
    if request.schema is not None:
        raise invalid("output_config.format: Prefilling is not supported with structured outputs.")
    end = last.content[-1] if last.content else None
    if end is not None and end["type"] == "text" and end["text"] != end["text"].rstrip():
        raise invalid("messages: final assistant content cannot end with trailing whitespace")


def _check_citations(request: WireRequest) -> None:
    documents = _documents(request.messages)
    wanted = {bool((block.get("citations") or {}).get("enabled")) for block in documents}
    if len(wanted) > 1:
        raise invalid("messages: citations must be enabled on all documents or on none of them")
    if True in wanted and request.schema is not None:
        raise invalid("output_config.format: Citations are not supported with structured outputs.")


def _documents(messages: tuple[WireMessage, ...]) -> list[JSON]:
    return [
        block
        for message in messages
        for block in message.content
        if block["type"] in {"document", "search_result"}
    ]
