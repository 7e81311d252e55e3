"""From a conversation and settings to the body of one request.

The order of keys is fixed and each message is encoded once, so equal pasts give equal bytes: the
service's cache lives on that.

Which parts of a request the prompt cache is told to keep, beyond the automatic mark at its end.

The service keeps what stands before a mark, and looks for what it kept at most 20 blocks before
one. So a mark pays where the next request ends elsewhere: at the end of the system prompt, at the
end of the last request when much came since, and before a prefill, which no later request has.
With the automatic one these are never more than the four that are allowed.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from typing import Any, Final

from chatrepl.core.exchange.joining import choose_mode, instruction, native_text
from chatrepl.core.exchange.pairing import called
from chatrepl.core.exchange.view import Sent, bind, place_sent
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Message, Prefill, PrefillMode
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

# From a mark the service looks back 20 blocks and no further for what it kept; a turn with many
# tool calls has more, and would be paid for anew. Two are left for what it may count otherwise
# (platform.claude.com/docs/en/build-with-claude/prompt-caching).
LOOKBACK: Final = 18
_BYTES_PER_TOKEN: Final = 3.2  # English has more, so a mark is set a little early, which is free


def is_large(text: str, minimum: int) -> bool:
    """Tell whether a text is likely to reach the `minimum` of tokens that a cache takes."""
    return len(text.encode("utf-8", "replace")) >= minimum * _BYTES_PER_TOKEN


def marked_messages(messages: Sequence[Message], *, prefilled: bool) -> frozenset[int]:
    """Name the places of the messages whose ends are marked.

    `prefilled` tells that the last one is the beginning of a reply.
    """
    end = len(messages) - prefilled
    found = {end - 1} if prefilled and end else set()
    at = end - 1
    while at >= 0 and messages[at].role != "assistant":
        at -= 1
    while at >= 0 and messages[at].role == "assistant":
        at -= 1
    if at >= 0 and sum(len(message.content) for message in messages[at + 1 : end]) > LOOKBACK:
        found.add(at)
    return frozenset(found)


def marked(message: Message, control: Mapping[str, Any]) -> dict[str, Any]:
    """Write a message with a mark on its last block."""
    wire = message.to_wire()
    wire["content"][-1] = {**wire["content"][-1], "cache_control": dict(control)}
    return wire


def marked_text(text: str, control: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write a system prompt as one block with a mark."""
    return [{"type": "text", "text": text, "cache_control": dict(control)}]


WEB_TOOL: Final[Wire] = {"type": "web_search_20260318", "name": "web_search", "max_uses": 5}
OLD_WEB_TOOL: Final[Wire] = {**WEB_TOOL, "type": "web_search_20250305"}  # without filters by code
FETCH_TOOL: Final[Wire] = {"type": "web_fetch_20260318", "name": "web_fetch"}
OLD_FETCH_TOOL: Final[Wire] = {**FETCH_TOOL, "type": "web_fetch_20250910"}
CODE_TOOL: Final[Wire] = {"type": "code_execution_20260521", "name": "code_execution"}
OLD_CODE_TOOL: Final[Wire] = {**CODE_TOOL, "type": "code_execution_20250825"}
THINKING_BUDGET_TOKENS: Final = 4096
_CODE_NAMES: Final = frozenset(
    {"code_execution", "bash_code_execution", "text_editor_code_execution"}
)
_LEAST_BUDGET_TOKENS: Final = 1024  # the service takes no less


@frozen
class Request:
    """One request: everything but the messages, and the messages.

    `bound` names its past (see `view.py`); `prefill` tells how the reply is to begin; the last
    `ours` blocks of the last user message are instructions of ours. The messages at the places
    `marks` end in a mark for the prompt cache, of the same kind as the automatic one.
    """

    params: Wire
    messages: tuple[Message, ...]
    bound: str = ""
    prefill: Prefill | None = None
    ours: int = 0
    marks: frozenset[int] = frozenset()

    @property
    def model(self) -> str:
        return str(self.params["model"])

    def body(self) -> dict[str, Any]:
        """Give the whole body as one value, for people to look at."""
        return {**self.params, "messages": [self._wire(at) for at in range(len(self.messages))]}

    def without(self, refused: frozenset[str]) -> "Request":
        """Give the request without the parameters that are `refused`."""
        return replace(self, params=without(dict(self.params), refused))

    def with_ours(self, message: Message) -> Message:
        """Give `message` with the instructions of ours that go out with it."""
        if not self.ours:
            return message
        last = next(m for m in reversed(self.messages) if m.role == "user")
        return replace(message, content=(*message.content, *last.content[-self.ours :]))

    def encode(self) -> bytes:
        """Write the body as JSON, joined from the messages' own encodings."""
        return self.encode_with(self.params)

    def encode_with(self, params: Wire) -> bytes:
        """Write the same messages under other parameters, such as those that are counted."""
        pieces = [_bytes(params)[:-1], b',"messages":[']
        for at, message in enumerate(self.messages):
            pieces.append(b"," if at else b"")
            pieces.append(_bytes(self._wire(at)) if at in self.marks else message.encoded)
        return b"".join((*pieces, b"]}"))  # a long conversation is copied here, and only here

    def _wire(self, at: int) -> dict[str, Any]:
        message = self.messages[at]
        control = self.params.get("cache_control")
        return marked(message, control) if control and at in self.marks else message.to_wire()


def _bytes(value: Wire) -> bytes:
    return encode(dict(value)).encode("utf-8", "replace")


@frozen
class Ask:
    """What one turn asks for, beyond the settings; `instruction` goes out with the message."""

    prefill: str = ""
    instruction: str = ""
    schema: Wire | None = None
    interactive: bool = False
    previous_message_id: str | None = None
    extra_tokens: int = 0
    diagnose: bool = False
    tools: tuple[Wire, ...] = field(default=())


def build_request(
    conversation: Conversation, settings: Settings, model: Model, user: Message | None, ask: Ask
) -> Request:
    """Build the request that sends `user` after `conversation`; None sends what is there.

    `ask.extra_tokens` is added to `max_tokens` where the reply repeats an emulated prefill.
    """
    mode = _mode(model, settings, ask)
    if user is None and mode == "emulated":
        mode = None  # no message to put the instruction into
    ours: list[str] = []
    if user is not None:
        ours += [ask.instruction] if ask.instruction else []
        ours += [instruction(ask.prefill)] if mode == "emulated" else []
        user = replace(user, content=(*user.content, *map(TextBlock, ours)))
    new = () if user is None else new_messages(conversation, user)
    placed, system = place_sent(conversation, model, *new)
    asked = [*ask.tools, *([_web_tool(model)] if settings.web and model.web else [])]
    given = {tool.get("name") for tool in asked}
    past = [t for t in _past_tools(called(placed), model) if t["name"] not in given]
    tools = [*asked, *past]
    sent = bind(placed, system, model, encode(tools) if tools else "")
    messages = sent.messages
    if mode == "native":
        messages = (*messages, Message("assistant", (TextBlock(native_text(ask.prefill)),)))
    params = _params(settings, model, ask, sent, mode)
    if tools:
        params["tools"] = tools
    if past and not asked:  # the past needs the tools, but they are not to be used
        params["tool_choice"] = {"type": "none"}
    prefill = Prefill(ask.prefill, mode) if mode is not None else None
    cached = "cache_control" in params
    marks = marked_messages(messages, prefilled=mode == "native") if cached else frozenset()
    return Request(params, messages, sent.bound, prefill, len(ours), marks)


def new_messages(conversation: Conversation, user: Message) -> tuple[Message, ...]:
    """Give what a new turn holds: the user's message, and a system prompt that changes here.

    The change is kept for every model; `place_sent` puts it where a model takes it.
    """
    change = conversation.state.next_system
    return (user,) if change is None else (user, Message("system", (TextBlock(change),)))


def _mode(model: Model, settings: Settings, ask: Ask) -> PrefillMode | None:
    if not native_text(ask.prefill):
        return None
    thinking = settings.thinking == "on"
    return choose_mode(model, schema=ask.schema is not None, thinking=thinking)


def _params(
    settings: Settings, model: Model, ask: Ask, sent: Sent, mode: str | None
) -> dict[str, Any]:
    extra = ask.extra_tokens if mode == "emulated" else 0
    limit = settings.max_tokens + extra
    params: dict[str, Any] = {
        "model": model.id,
        "max_tokens": min(limit, model.max_output) if model.max_output else limit,
    }
    control = {"type": "ephemeral", "ttl": _ttl(settings, ask)}
    if sent.system.strip():
        cached = settings.cache_enabled and "cache_control" not in model.refused
        pays = cached and is_large(sent.system, model.cache_minimum)
        params["system"] = marked_text(sent.system, control) if pays else sent.system
    if settings.stop_sequences:
        params["stop_sequences"] = list(settings.stop_sequences)
    if settings.cache_enabled:
        params["cache_control"] = control
    thinking = thinking_param(settings, model, prefilled=mode == "native")
    if thinking is not None:
        params["thinking"] = thinking
        if thinking["type"] == "enabled" and params["max_tokens"] <= THINKING_BUDGET_TOKENS:
            params["max_tokens"] += THINKING_BUDGET_TOKENS
            params |= _within(params, model)
    output: dict[str, Any] = {}
    if settings.effort and settings.effort in model.efforts:
        output["effort"] = settings.effort
    if ask.schema is not None:
        output["format"] = {"type": "json_schema", "schema": ask.schema}
    if output:
        params["output_config"] = output
    if ask.diagnose and ask.previous_message_id:
        params["diagnostics"] = {"previous_message_id": ask.previous_message_id}
    return without(params, model.refused)


def _within(params: Wire, model: Model) -> Wire:
    """Keep a reply that thinks first, and its budget, within what the model can write."""
    most = min(params["max_tokens"], model.max_output or params["max_tokens"])
    budget = max(_LEAST_BUDGET_TOKENS, min(THINKING_BUDGET_TOKENS, most // 2))
    return {"max_tokens": most, "thinking": {**params["thinking"], "budget_tokens": budget}}


def without(params: dict[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    """Give parameters without those that are `refused`, such as `thinking.display`."""
    if not refused:
        return params
    pruned = {key: _pruned(key, value, refused) for key, value in params.items()}
    if "type" not in pruned.get("thinking", {}):
        pruned.pop("thinking", None)
    return {key: value for key, value in pruned.items() if key not in refused and value != {}}


def _pruned(path: str, value: Any, refused: frozenset[str]) -> Any:
    if isinstance(value, list):  # of blocks or tools, which may have marks
        return [_pruned("", item, refused) for item in value]
    if not isinstance(value, Mapping):
        return value
    pruned = {}
    for key, part in value.items():
        is_mark = key == "cache_control"
        name = key if is_mark else f"{path}.{key}"
        if name not in refused and f"{name}.{part}" not in refused:
            pruned[key] = _pruned(name, part, refused) if is_mark else part
    return pruned


def _ttl(settings: Settings, ask: Ask) -> str:
    if settings.cache_ttl != "auto":
        return settings.cache_ttl
    return "1h" if ask.interactive else "5m"


def thinking_param(
    settings: Settings, model: Model, *, prefilled: bool = False
) -> Mapping[str, Any] | None:
    """Say what to ask about thinking; None leaves it to the model."""
    shown = settings.show_thinking and "thinking.display" not in model.refused
    display = {"display": "summarized"} if shown else {}
    if settings.thinking == "off" or prefilled:
        for kind in ("disabled", "between_tools"):
            if kind in model.thinking and model.thinks_by_default:
                return {"type": kind}
        return None
    if settings.thinking == "auto" and not (model.thinks_by_default and display):
        return None
    if "adaptive" in model.thinking:
        return {"type": "adaptive", **display}
    has_room = (model.max_output or THINKING_BUDGET_TOKENS) > _LEAST_BUDGET_TOKENS
    if "enabled" in model.thinking and settings.thinking == "on" and has_room:
        return {"type": "enabled", "budget_tokens": THINKING_BUDGET_TOKENS, **display}
    return None


def _web_tool(model: Model) -> Wire:
    is_new = not model.known or "adaptive" in model.thinking
    return WEB_TOOL if is_new else OLD_WEB_TOOL


def _past_tools(names: AbstractSet[str], model: Model) -> list[Wire]:
    """Declare the tools of the service whose calls are sent: it takes none without its tool."""
    if not model.web:
        return []
    is_new = _web_tool(model) is WEB_TOOL
    tools = [_web_tool(model)] if "web_search" in names else []
    if "web_fetch" in names:
        tools.append(FETCH_TOOL if is_new else OLD_FETCH_TOOL)
    if names & _CODE_NAMES and not (tools and is_new):  # the newer web tools bring the code
        tools.append(CODE_TOOL if is_new else OLD_CODE_TOOL)
    return tools
