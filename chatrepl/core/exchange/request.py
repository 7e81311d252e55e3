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
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final

from chatrepl.core.exchange.joining import choose_mode, instruction, native_text
from chatrepl.core.exchange.params import (
    allowed_effort,
    betas_of,
    limited,
    merged,
    past_tools,
    plain_params,
    service_tools,
    takes_sampling,
    thinking_param,
    wants_thinking,
    without,
)
from chatrepl.core.exchange.terms import Midway, Terms, TermsSoFar, betas, defined_in, undeclared
from chatrepl.core.exchange.view import Sent, bind, place_sent
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Prefill, PrefillMode
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer

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
    found = {end - 1} if prefilled and end and messages[end - 1].content else set()
    at = end - 1
    while at >= 0 and messages[at].role != "assistant":
        at -= 1
    while at >= 0 and (messages[at].role == "assistant" or not messages[at].content):
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


@frozen
class Request:
    """One request: everything but the messages, and the messages.

    `bound` names its past (see `view.py`); `prefill` tells how the reply is to begin; the last
    `ours` blocks of the last user message are instructions of ours. The messages at the places
    `marks` end in a mark for the prompt cache, of the same kind as the automatic one. `betas` are
    the beta features it needs, which go out as a header; the answer `streams` where it can. One
    that only `warms` reads what is in the cache, and asks for nothing. With the question the
    conversation keeps what `changes` here.
    """

    params: Wire
    messages: tuple[Message, ...]
    bound: str = ""
    prefill: Prefill | None = None
    ours: int = 0
    marks: frozenset[int] = frozenset()
    betas: tuple[str, ...] = ()
    streams: bool = True
    warms: bool = False
    changes: tuple[Message, ...] = ()

    @property
    def model(self) -> str:
        return str(self.params["model"])

    @property
    def kept_for(self) -> str:
        """How long the prompt cache keeps what this writes: 5m, 1h, or empty where it does not."""
        lists = [self.params.get(key) for key in ("tools", "system")]
        parts = [one for listed in lists if isinstance(listed, list) for one in listed]
        parts += [block.to_wire() for message in self.messages for block in message.content]
        tables = [part for part in (self.params, *parts) if isinstance(part, Mapping)]
        marks = [mark for part in tables if isinstance(mark := part.get("cache_control"), Mapping)]
        lasts = any(mark.get("ttl") == "1h" for mark in marks)
        return "1h" if lasts else "5m" if marks else ""

    def body(self) -> dict[str, Any]:
        """Give the whole body as one value, for people to look at."""
        return {**self.params, "messages": [self._wire(at) for at in range(len(self.messages))]}

    def without(self, refused: frozenset[str]) -> "Request":
        """Give the request without the parameters that are `refused`."""
        return replace(self, params=without(dict(self.params), refused))

    def within(self, container: str) -> "Request":
        """Give the request for code to run in that container, where there is one."""
        return replace(self, params={**self.params, "container": container}) if container else self

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
    """What one turn asks for, beyond the settings; `instruction` goes out with the message.

    `official` tells that the service of Anthropic itself is asked. Where code may run, it runs in
    the `container` that it ran in before. To `servers` of tools it connects itself. `terms` are
    asked for in the place of the settings', and changed `midway` in the place of what the model
    takes.
    """

    prefill: str = ""
    instruction: str = ""
    schema: Wire | None = None
    interactive: bool = False
    previous_message_id: str | None = None
    extra_tokens: int = 0
    official: bool = False
    tools: tuple[Wire, ...] = field(default=())
    container: str = ""
    servers: "tuple[McpServer, ...]" = ()
    terms: Terms | None = None
    midway: Midway | None = None


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
    terms = _NewTerms.of(conversation, settings, model, ask)
    new = () if user is None else new_messages(conversation, user, terms.change)
    placed, system = place_sent(conversation, model, *new, midway=terms.midway)
    if settings.cite_documents and ask.schema is None:  # the service takes one of the two
        placed = tuple(message.citing for message in placed)
    past = past_tools(undeclared(placed, terms.tools), settings, model)
    tools = [*terms.tools, *past]
    sent = bind(placed, system, model, _declared(tools, settings.extra_body))
    messages = sent.messages
    if mode == "native":
        messages = (*messages, Message("assistant", (TextBlock(native_text(ask.prefill)),)))
    params = _params(settings, model, ask, sent, mode, terms.effort)
    if tools:
        params["tools"] = tools
    if past and not terms.asked:  # the past needs the tools, but they are not to be used
        params["tool_choice"] = {"type": "none"}
    params = merged(params | _elsewhere(ask, model), settings.extra_body)
    prefill = Prefill(ask.prefill, mode) if mode is not None else None
    cached = "cache_control" in params
    marks = marked_messages(messages, prefilled=mode == "native") if cached else frozenset()
    needed = dict.fromkeys((*betas_of(settings, params), *betas(messages)))
    streams = "stream" not in model.refused
    return Request(
        params,
        messages,
        sent.bound,
        prefill,
        len(ours),
        marks,
        tuple(needed),
        streams,
        changes=new[1:],
    )


@frozen
class _NewTerms:
    """The terms of the next request: what is at its top, and what changes with it.

    `asked` are the tools that may be used; those of `tools` are declared at the top.
    """

    asked: tuple[Wire, ...]
    tools: tuple[Wire, ...]
    effort: str
    midway: Midway
    change: Message | None

    @classmethod
    def of(
        cls, conversation: Conversation, settings: Settings, model: Model, ask: Ask
    ) -> "_NewTerms":
        asked = (*ask.tools, *service_tools(settings, model), *_toolsets(ask))
        nameless = tuple(tool for tool in asked if "name" not in tool)
        wanted = ask.terms or Terms(settings.effort, {t["name"]: t for t in asked if "name" in t})
        midway = ask.midway or Midway.of(model, settings)
        so_far = TermsSoFar.of(conversation.path())
        top = so_far.at_top(wanted, midway)
        tools = (*top.tools.values(), *nameless)
        change = so_far.change(wanted)
        return cls((*wanted.tools.values(), *nameless), tools, top.effort, midway, change)


def _elsewhere(ask: Ask, model: Model) -> dict[str, Any]:
    """Say where code runs, and which servers of tools the service connects to."""
    container = {"container": ask.container} if ask.container and model.code else {}
    if not ask.servers:
        return container
    from chatrepl.core.exchange.connector import server_params  # seldom needed

    return {"mcp_servers": server_params(ask.servers), **container}


def _toolsets(ask: Ask) -> list[Wire]:
    if not ask.servers:
        return []
    from chatrepl.core.exchange.connector import toolsets  # seldom needed

    return toolsets(ask.servers)


def declared(conversation: Conversation, settings: Settings, model: Model, ask: Ask) -> str:
    """Write the tools that the next request brings, at its top and with its question."""
    terms = _NewTerms.of(conversation, settings, model, ask)
    new = defined_in(terms.change) if terms.change is not None else []
    tools = settings.extra_body.get(
        "tools", [*terms.tools, *(t for t in new if t not in terms.tools)]
    )
    return encode(tools) if tools else ""


def binding(conversation: Conversation, settings: Settings, model: Model, ask: Ask) -> str:
    """Write the tools that the thinking so far has to be bound to, to go into the next request."""
    terms = _NewTerms.of(conversation, settings, model, ask)
    messages = (message for turn in conversation.path() for message in turn.messages)
    past = past_tools(undeclared(messages, terms.tools), settings, model)
    return _declared([*terms.tools, *past], settings.extra_body)


def _declared(tools: Sequence[Wire], extra: Wire) -> str:
    """Write the tools of a request, and all that is put in their place or in the system prompt's.

    Thinking is bound to it.
    """
    replaced = [extra[key] for key in ("tools", "system") if extra.get(key)]
    return encode([*tools, *replaced]) if tools or replaced else ""


def new_messages(
    conversation: Conversation, user: Message, terms: Message | None = None
) -> tuple[Message, ...]:
    """Give what a new turn holds: the user's message, and a system prompt that changes here.

    The change is kept for every model; `place_sent` puts it where a model takes it. The `terms`
    that change go with it.
    """
    prompt = conversation.state.next_system
    if prompt is None:
        return (user,) if terms is None else (user, terms)
    change = terms or Message("system", ())
    return user, replace(change, content=(TextBlock(prompt), *change.content))


def _mode(model: Model, settings: Settings, ask: Ask) -> PrefillMode | None:
    if not native_text(ask.prefill):
        return None
    thinking = wants_thinking(settings, model)
    return choose_mode(model, schema=ask.schema is not None, thinking=thinking)


def _params(
    settings: Settings, model: Model, ask: Ask, sent: Sent, mode: str | None, effort: str
) -> dict[str, Any]:
    more = ask.extra_tokens if mode == "emulated" else 0
    thinking = thinking_param(settings, model, prefilled=mode == "native")
    limit, thinking = limited(settings, model, thinking, more)
    params: dict[str, Any] = {"model": model.id, "max_tokens": limit}
    control = {"type": "ephemeral", "ttl": _ttl(settings, ask)}
    wanted = settings.cache_enabled and settings.extra_body.get("cache_control", 1) is not None
    cached = wanted and "cache_control" not in model.refused
    if sent.system.strip():
        takes_list = "system.list" not in model.refused
        pays = cached and takes_list and is_large(sent.system, model.cache_minimum)
        params["system"] = marked_text(sent.system, control) if pays else sent.system
    if settings.stop_sequences:
        params["stop_sequences"] = list(settings.stop_sequences)
    if cached:
        params["cache_control"] = control
    if thinking is not None:
        params["thinking"] = thinking
    output: dict[str, Any] = {}
    if effort := allowed_effort(effort, model):
        output["effort"] = effort
    if ask.schema is not None:
        output["format"] = {"type": "json_schema", "schema": ask.schema}
    if output:
        params["output_config"] = output
    if ask.official and ask.previous_message_id:
        params["diagnostics"] = {"previous_message_id": ask.previous_message_id}
    sampling = takes_sampling(settings, model, official=ask.official)
    return without(params | plain_params(settings, model, sampling=sampling), model.refused)


def _ttl(settings: Settings, ask: Ask) -> str:
    if settings.cache_ttl != "auto":
        return settings.cache_ttl
    return "1h" if ask.interactive else "5m"
