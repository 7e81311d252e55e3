"""What a server's refusals teach of what it does not take, in the words of many servers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.lessons import parameter_lesson
from chatrepl.core.exchange.params import without
from chatrepl.core.exchange.request import Request
from chatrepl.core.models import EFFORTS, find
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock, ThinkingBlock, UnknownBlock
from chatrepl.core.talk.conversation import Prefill
from chatrepl.core.talk.message import Message

HELLO = Message.user("Hello")
SYSTEM = Message("system", (TextBlock("Be brief."),))
NATIVE = Prefill("Well,", "native")
MARK = {"type": "ephemeral", "ttl": "1h"}
FULL: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 8192,
    "system": [{"type": "text", "text": "Be kind.", "cache_control": MARK}],
    "cache_control": MARK,
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
    "diagnostics": {"previous_message_id": "msg_1"},
    "metadata": {"user_id": "me"},
    "service_tier": "auto",
    "temperature": 0.5,
    "tools": [{"name": "web_search"}],
    "fallbacks": "default",
    "speed": "fast",
}


def refused(words: str, kind: ApiErrorKind = ApiErrorKind.INVALID) -> ApiError:
    error = ApiError(kind, "The service refused the request (400).", status=400)
    error.answer = words
    return error


def facts(words: str, request: Request | None = None) -> dict[str, Any]:
    taught = parameter_lesson(refused(words), request or Request(FULL, (HELLO,)))
    return {} if taught is None else dict(taught.facts)


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("cache_control: Extra inputs are not permitted", "cache_control"),
        ("Unsupported parameter: cache_control", "cache_control"),
        ("system.0.cache_control: Extra inputs are not permitted", "cache_control"),
        ("messages.0.content.0.cache_control: unexpected field", "cache_control"),
        ("Unrecognized request argument supplied: cache_control", "cache_control"),
        ("prompt caching is not supported by this backend", "cache_control"),
        ("body.cache_control extra_forbidden", "cache_control"),
        ("cache_control.ttl: Extra inputs are not permitted", "cache_control.ttl"),
        ("cache_control.ephemeral.ttl: Input should be '5m': not supported", "cache_control.ttl"),
        ('json: unknown field "ttl"', "cache_control.ttl"),
        ("diagnostics: Extra inputs are not permitted", "diagnostics"),
        ("Unknown parameter: 'diagnostics'.", "diagnostics"),
        ("body.metadata.user_id field not allowed", "metadata"),
        ("service_tier is not supported", "service_tier"),
        ("thinking: Extra inputs are not permitted", "thinking"),
        ("openai does not support parameters: ['thinking'], for it", "thinking"),
        ("Extended thinking isn't available here", "thinking"),
        ("thinking.type: 'adaptive' is not supported", "thinking.type.adaptive"),
        (
            """body.thinking Input tag 'adaptive' found using 'type' does not match any of the
            expected tags: 'disabled', 'enabled'""",
            "thinking.type.adaptive",
        ),
        ("thinking.adaptive.display: Extra inputs are not permitted", "thinking.display"),
        ("output_config: Extra inputs are not permitted", "output_config"),
        ("output_config.effort: Extra inputs are not permitted", "output_config.effort"),
        (
            "output_config.effort: 'high' is not supported, use 'low'",
            "output_config.effort.high",
        ),
        ("output_config.format: not supported", "output_config.format"),
        ("response_format json_schema is not supported", "output_config.format"),
        ('json: unknown field "display"', "thinking.display"),
        ("unsupported field: format", "output_config.format"),
        ("fallbacks: this model does not support fallback models", "fallbacks"),
        ("Unexpected value(s) `server-side-fallback-2026-07-01` for the header", "fallbacks"),
        ("speed: 'fast' is not supported on claude-opus-5-5", "speed"),
        ("stream: Extra inputs are not permitted", "stream"),
        ("This backend does not support streaming", "stream"),
        ("system: Input should be a valid string", "system.list"),
        ("tools: Extra inputs are not permitted", "web"),
        ("web_search is not supported", "web"),
    ],
)
def test_what_a_refusal_names_is_what_is_not_taken(words: str, fact: str) -> None:
    assert facts(words) == {fact: False}
    assert facts(words.upper()) == {fact: False}
    model = find("claude-opus-5-5").learned({fact: False})
    pruned = without(dict(FULL), model.refused)
    if fact not in {"stream", "system.list", "web"}:  # no parameters, but shapes of the request
        assert pruned != FULL
        assert facts(words, Request(pruned, (HELLO,))) != {fact: False}


@pytest.mark.parametrize(
    ("words", "taught"),
    [
        ("code execution is not supported on this model", ("code",)),
        ("tools.1: Input tag 'code_execution_20260521' is not a known tool", ("code",)),
        ("tools.0: 'web_fetch_20260318' is not supported", ("web",)),
        ("This server does not support tools", ("web", "code")),
    ],
)
def test_of_several_tools_the_one_that_is_named_is_not_used_again(
    words: str, taught: tuple[str, ...]
) -> None:
    tools = [{"name": "web_search"}, {"name": "web_fetch"}, {"name": "code_execution"}]
    assert facts(words, Request({**FULL, "tools": tools}, (HELLO,))) == dict.fromkeys(taught, False)
    quiet = {**FULL, "tools": tools, "tool_choice": {"type": "none"}}
    assert facts(words, Request(quiet, (HELLO,))) == {}
    assert facts(words, Request({**FULL, "tools": [{"name": "ours"}]}, (HELLO,))) == {}


@pytest.mark.parametrize(
    ("words", "is_taught"),
    [
        ("This model does not support tools.", True),
        ("registry.example/library/small:1b does not support tools", True),
        ("tools: Extra inputs are not permitted", True),
        ("Tool use is not supported by this model", True),
        ("tool calling isn't enabled on this deployment", True),
        ("Unrecognized request argument supplied: tools", True),
        ("unknown field 'tools'", True),
        ('"auto" tool choice requires --enable-auto-tool-choice to be set', True),
        ("The model cannot use tools", True),
        ("tools.0.custom.input_schema: JSON schema is invalid", False),
        ("tools.2.name: String should match pattern; not supported", False),
        ("tools: Tool names must be unique.", False),
        ("messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks", False),
        ("invalid tool_call_id", False),
        ("tool_choice: Input should be a valid dictionary", False),
    ],
)
def test_that_no_tool_is_taken_is_told_from_one_that_is_wrong(words: str, is_taught: bool) -> None:
    ours = [{"name": "count", "input_schema": {"type": "object"}}]
    request = Request({"model": "m", "max_tokens": 9, "tools": ours}, (HELLO,))
    assert facts(words, request) == ({"tools.own": False} if is_taught else {})
    assert facts(words, Request({"model": "m", "max_tokens": 9}, (HELLO,))) == {}


def test_a_router_that_finds_no_server_with_tools_teaches_of_the_model() -> None:
    ours = [{"name": "count", "input_schema": {"type": "object"}}]
    error = ApiError(ApiErrorKind.NOT_FOUND, "No endpoints found that support tool use.")
    request = Request({"model": "m", "max_tokens": 9, "tools": ours}, (HELLO,))
    taught = parameter_lesson(error, request)
    assert taught is not None
    assert (taught.facts, taught.of_model) == ({"tools.own": False}, True)
    assert parameter_lesson(ApiError(ApiErrorKind.NOT_FOUND, "no model m"), request) is None
    assert parameter_lesson(error, Request({"model": "m"}, (HELLO,))) is None


@pytest.mark.parametrize("name", ["cache_control", "output_config"])
@pytest.mark.parametrize(
    "words",
    ["{}", "This deployment cannot handle {}.", "Please remove {}", "excess property: {}",
     "{} must be absent", "No support for '{}'", "ValueError: {}", "{} is an enterprise feature"],
)  # fmt: skip
def test_a_field_that_is_named_as_it_stands_in_a_body_is_meant_in_any_words(
    name: str, words: str
) -> None:
    plain = {**FULL, "output_config": {"effort": "high"}}
    assert facts(words.format(name), Request(plain, (HELLO,))) == {name: False}


@pytest.mark.parametrize(
    "words",
    [
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        "messages.1.content.0: cache_control comes too late",
        "output_config: the schema is too large",
    ],
)
def test_what_is_wrong_with_one_of_its_places_is_no_lesson_about_a_field(words: str) -> None:
    assert facts(words) == {}


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("max_tokens: 8192 > 4096, which is the maximum for claude-3-5-x-20241022", 4096),
        ("max_tokens must be at most 2048, got 8192", 2048),
        ("Range of max_tokens should be [1, 512]", 512),
        ("Range of max_tokens should be [1,4096]", 4096),
        (
            "max_tokens is too large: 8192. This model supports at most 4,096 completion tokens",
            4096,
        ),
        ("Error code: 400 - max_completion_tokens 8192 exceeds the limit of 300", 300),
        ("The maximum number of output tokens is 4k", 4000),
        ("max_new_tokens is over the limit", 4096),
        ("maxOutputTokens: 1000 is the limit", 1000),
    ],
)
def test_the_longest_reply_is_lowered_to_the_number_named(words: str, most: int) -> None:
    assert facts(words) == {"max_output": most}
    assert find("llama").learned({"max_output": most}).max_output == most


@pytest.mark.parametrize(
    "words",
    [
        """This model's maximum context length is 4096 tokens. However, you requested 8212 tokens
        (20 in the messages, 8192 in the completion).""",
        """max_tokens is too large: 8192. This model's maximum context length is 4096 tokens and
        your request has 20 input tokens.""",
    ],
)
def test_a_small_window_leaves_a_quarter_of_it_to_the_reply(words: str) -> None:
    for kind in (ApiErrorKind.INVALID, ApiErrorKind.TOO_LARGE):
        taught = parameter_lesson(refused(words, kind), Request(FULL, (HELLO,)))
        assert taught is not None
        assert taught.facts == {"context_window": 4096, "max_output": 1024}


@pytest.mark.parametrize(
    "words",
    [
        "",
        "something else",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "input tokens exceed the configured maximum tokens of 2048",
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
        "max_tokens: 8192 is below the least, 9000 output tokens",
        "max_tokens must be greater than thinking.budget_tokens",
        "temperature may only be set to 1 when thinking is enabled",
        "messages.1.content.0.thinking.signature: Field required",
        "messages.1: `thinking` blocks cannot be modified, not supported",
        "messages[3] thinking is not allowed",
        "output_config.format.schema: additionalProperties is not supported",
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        "stop_sequences: Extra inputs are not permitted",
        "image format is not supported",
        "the system is not available",
    ],
)
def test_what_is_of_the_past_or_the_user_s_own_teaches_nothing_here(words: str) -> None:
    request = Request({**FULL, "max_tokens": 3000} if "least" in words else FULL, (HELLO,))
    assert facts(words, request) == {}


def test_only_what_was_sent_can_be_refused() -> None:
    bare = Request({"model": "m", "max_tokens": 10}, (HELLO,))
    for name in FULL:
        assert facts(f"{name}: Extra inputs are not permitted", bare) == {}
    for kind in set(ApiErrorKind) - {ApiErrorKind.INVALID}:
        assert parameter_lesson(refused("thinking: unknown", kind), Request(FULL, (HELLO,))) is None


@pytest.mark.parametrize(
    ("words", "native"),
    [
        ("This model does not support assistant message prefill.", True),
        ("The conversation must end with a user message.", True),
        ("The last message must be from the user", True),
        ("messages.1.role: Input should be 'user' or 'assistant'", False),
        ("System message must be at the beginning.", False),
        ("Only user and assistant roles are supported", False),
        ("role 'system' is not supported on this model", False),
    ],
)
def test_a_refused_shape_of_the_messages_is_learned(words: str, native: bool) -> None:
    params = {"model": "m", "max_tokens": 10}
    begun = Request(params, (HELLO,), "", NATIVE)
    changed = Request(params, (HELLO, SYSTEM))
    assert facts(words, begun) == ({"prefill": False} if native else {})
    assert facts(words, changed) == ({} if native else {"mid_system": False})
    assert facts(words, Request(params, (HELLO,))) == {}


def test_words_that_speak_of_a_model_are_believed_of_that_model_only() -> None:
    def of_model(words: str) -> bool:
        taught = parameter_lesson(refused(words), Request(FULL, (HELLO,)))
        assert taught is not None
        return taught.of_model

    assert of_model("this model does not support thinking")
    assert of_model("thinking is not supported by Claude-Opus-5-5")
    assert not of_model("thinking: Extra inputs are not permitted")


_NAMES = (
    "cache_control",
    "cache_control.ttl",
    "thinking",
    "thinking.display",
    "thinking.type.adaptive",
    "output_config",
    "output_config.format",
    "diagnostics",
    "max_output",
    *(f"output_config.effort.{level}" for level in EFFORTS),
)


@given(st.sets(st.sampled_from(_NAMES)))
def test_what_is_refused_is_nowhere_in_the_request(names: set[str]) -> None:
    body = without(dict(FULL), frozenset(names))
    text = repr(body)
    for name in names & set(FULL):
        assert f"'{name}'" not in text
    assert ("'ttl'" in text) == (not names & {"cache_control", "cache_control.ttl"})
    assert "type" in body.get("thinking", {"type": 0})
    assert all(value not in ({}, None) for value in body.values())
    assert Request(FULL, (HELLO,)).without(frozenset(names)).params == body


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"tools": [{"name": "mine"}]}, "tools: Extra inputs are not permitted"),
        ({"tools": "all"}, "tools: Extra inputs are not permitted"),
        ({"tools": ["all"]}, "tools: Extra inputs are not permitted"),
        ({"tool_choice": {"type": "none"}}, "tools: Extra inputs are not permitted"),
        ({"system": "Be kind."}, "system: Input should be a valid string, or an array"),
        ({"max_tokens": "many"}, "max_tokens: unsupported, at most 300"),
        ({"thinking": "much"}, "thinking: unknown"),
        ({"output_config": 3}, "output_config: unknown"),
    ],
)
def test_what_a_user_put_in_place_of_ours_is_left_to_the_user(
    params: dict[str, Any], words: str
) -> None:
    assert facts(words, Request({**FULL, **params}, (HELLO,))) == {}


def test_thinking_that_is_refused_in_a_past_is_no_parameter() -> None:
    thought = Message("assistant", (ThinkingBlock("hm", "s"), TextBlock("Yes.")))
    words = "thinking blocks are not supported"
    assert facts(words, Request(FULL, (HELLO, thought, HELLO))) == {}
    assert facts(words) == {"thinking": False}


def test_a_reply_that_comes_whole_is_not_asked_to_stream() -> None:
    assert facts("stream is not allowed", Request(FULL, (HELLO,), streams=False)) == {}


WEB = {"type": "web_search_20260318", "name": "web_search"}
ADDED = UnknownBlock(
    {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": WEB}}
)
EFFORT = Message("system", (), effort="max")
TOOLS = Message("system", (ADDED,))
BARE = {"model": "claude-opus-5-5", "max_tokens": 10}


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("output_config.effort requires a model that supports per-turn effort", "mid_effort"),
        ("messages.1.output_config: Extra inputs are not permitted", "mid_effort"),
        ('json: unknown field "output_config"', "mid_effort"),
        ("messages.1: all messages must have non-empty content", "mid_effort"),
        ("messages.1.content: List should have at least 1 item after validation", "mid_effort"),
        (
            "Unexpected value(s) `mid-conversation-output-config-2026-07-01` for the header",
            "mid_effort",
        ),
        ("messages.2.content.0: Input tag 'tool_addition' does not match any tag", "mid_tools"),
        ("messages.2.content.0: system messages take text blocks only", "mid_tools"),
        ("messages[2].content: Input should be a valid string", "mid_tools"),
        ("messages.1.content: Field required", "mid_effort"),
        ("Unexpected value(s) `inline-tools-2026-09-15` for the header", "mid_tools"),
        ("invalid beta flag", "mid_effort mid_tools"),
        ("messages.1.role: Input should be 'user' or 'assistant'", "mid_system"),
        ("role 'system' is not supported on this model", "mid_system"),
        ("messages.0.content: something odd", ""),
        ("messages.9.content: something odd", ""),
        ("something odd", ""),
    ],
)
def test_a_change_in_mid_conversation_is_refused_in_many_words(words: str, fact: str) -> None:
    request = Request(BARE, (HELLO, EFFORT, TOOLS))
    assert facts(words, request) == dict.fromkeys(fact.split(), False)
    assert "mid_" not in str(facts(words, Request(BARE, (HELLO,))))


def test_a_level_that_is_refused_in_mid_conversation_is_no_word_against_the_others() -> None:
    words = "messages.1.output_config.effort: 'max' is not one of 'low', 'medium', 'high'"
    assert facts(words, Request(BARE, (HELLO, EFFORT))) == {"output_config.effort.max": False}


def test_what_did_not_help_against_a_refusal_is_not_learned_of_it_again() -> None:
    request = Request({**BARE, "output_config": {"effort": "low"}}, (HELLO, EFFORT))
    error = refused("output_config: Extra inputs are not permitted")
    first = parameter_lesson(error, request)
    again = parameter_lesson(error, request, frozenset({"mid_effort"}))
    assert first is not None
    assert again is not None
    assert (first.facts, again.facts) == ({"mid_effort": False}, {"output_config": False})


ROLES = (
    "messages.1.role: Input should be 'user' or 'assistant'",
    'Unexpected role "system". The API accepts a top-level `system` parameter.',
    "System messages are only supported at the beginning",
    "unknown variant `system`, expected `user` or `assistant`",
    "Conversation roles must alternate user/assistant/user/assistant/...",
)


@pytest.mark.parametrize("words", ROLES)
def test_a_system_prompt_in_mid_conversation_is_refused_in_many_words(words: str) -> None:
    assert facts(words, Request(FULL, (HELLO, SYSTEM))) == {"mid_system": False}
    assert "mid_system" not in facts(words)


@pytest.mark.parametrize(
    "words",
    [
        "messages.1: `thinking` blocks in the latest assistant message cannot be modified",
        "tool_use ids in an assistant message have no tool_result",
        "messages.0.content.0: the assistant sees no image",
    ],
)
def test_what_stands_in_a_message_is_no_prefill(words: str) -> None:
    assert facts(words, Request(FULL, (HELLO,), prefill=NATIVE)) == {}


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens: must be greater than or equal to 1",
        "body.max_tokens: Input should be greater than 0",
        "`max_tokens` must be a positive integer",
        "max_tokens: 0 cannot be combined with `thinking`",
    ],
)
def test_a_length_of_zero_that_is_refused_teaches_nothing_of_the_longest_reply(words: str) -> None:
    read = Request({**FULL, "max_tokens": 0}, (HELLO,), warms=True)
    assert facts(words, read) == {"max_tokens.0": False}
    assert find("claude-opus-5-5").learned(facts(words, read)).max_output == 128_000
    assert facts(words, Request({**FULL, "max_tokens": 0}, (HELLO,))) == {}


TEXT_FILE, A_PDF = DocumentBlock.plain("one", "a.txt"), DocumentBlock.base64_pdf("AAAA", "a.pdf")


@pytest.mark.parametrize(
    "words",
    [
        "document blocks are not supported",
        "Unsupported content block type: document",
        "messages.0.content.0.type: Input should be 'text', 'image', 'tool_use' or 'tool_result'",
        "body.messages.0.content.list[union[TextBlock,ImageBlock]].0.type: Input should be 'text'",
        "messages[0].content[0]: unknown variant `document`, expected one of `text`, `image`",
        "messages.0: Invalid content type: document. Only text and image are supported",
    ],
)
def test_that_no_document_is_taken_is_learned_where_a_text_file_was_sent(words: str) -> None:
    files = Message("user", (TEXT_FILE, TextBlock("Well?")))
    request = Request({"model": "m", "max_tokens": 10}, (files,))
    assert facts(words, request) == {"documents": False}
    assert facts(words, Request(request.params, (HELLO,))) == {}
    assert facts(words, Request(request.params, (Message("user", (A_PDF,)),))) == {}


@pytest.mark.parametrize(
    "words",
    ["document blocks are not supported", "messages.0.content.0.type: Input should be 'text'"],
)
def test_a_text_file_that_is_refused_in_a_past_is_left_to_what_is_left_out(words: str) -> None:
    past = Message("user", (TEXT_FILE, TextBlock("Well?")))
    reply = Message("assistant", (TextBlock("Yes."),))
    request = Request({"model": "m", "max_tokens": 10}, (past, reply, HELLO))
    assert facts(words, request) == {}


@pytest.mark.parametrize(
    "words",
    [
        "messages.0.content.0.document.source.data: the document is empty",
        "messages.0.content.0: the PDF document is not supported",
        "messages.0.content.1.type: Input should be 'text'",
        "document citations: the file is too long",
    ],
)
def test_what_is_wrong_with_one_document_is_no_word_against_all(words: str) -> None:
    files = Message("user", (TEXT_FILE, A_PDF))
    assert facts(words, Request({"model": "m", "max_tokens": 10}, (files,))) == {}
