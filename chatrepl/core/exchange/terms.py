"""The terms of a reply: its effort and its tools, which may change in mid-talk.

At the top of a request they are part of what the prompt cache keeps and thinking is bound to. So
the top stays as it was when a conversation was first sent, and what changes later is a system
message after the question that it counts from, where the model takes that. The conversation keeps
both: what stands in a turn up to the first that was sent is the top, what stands later a change
(platform.claude.com/docs/en/build-with-claude: mid-conversation-system-messages,
effort-per-message).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from typing import Any, Final

from chatrepl.core.exchange.pairing import called
from chatrepl.core.exchange.params import provided, thinking_param
from chatrepl.core.models import OWN_TOOLS, Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import Block, TextBlock, UnknownBlock
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

EFFORT_CHANGES: Final = "mid-conversation-output-config-2026-07-01"
TOOL_CHANGES: Final = "inline-tools-2026-09-15"
CHANGES: Final = ("tool_addition", "tool_removal")


# Without thinking the two highest efforts are refused, wherever they stand; between tools all that
# differ from the first.
_RESTRICTING: Final = frozenset({"disabled", "between_tools"})


@frozen
class Terms:
    """What a reply is asked under: an effort, empty where the model's own, and tools by name."""

    effort: str = ""
    tools: Mapping[str, Wire] = field(default_factory=dict)

    def after(self, message: Message) -> "Terms":
        """Give the terms after a message."""
        if message.role != "system":
            return self
        tools = dict(self.tools)
        for name, tool in _changes(message.content):
            tools.pop(name, None)
            if tool is not None:
                tools[name] = tool
        return Terms(self.effort if message.effort is None else message.effort, tools)


@frozen
class Midway:
    """Which terms may change in mid-conversation."""

    effort: bool
    tools: bool

    @classmethod
    def of(cls, model: Model, settings: Settings | None = None) -> "Midway":
        """Tell what a model takes; what the settings put into the body as it is stays as it is."""
        settings = settings or Settings()
        thinking = thinking_param(settings, model) or {}
        extra = settings.extra_body
        return cls(
            effort=model.mid_system
            and model.mid_effort
            and thinking.get("type") not in _RESTRICTING
            and "output_config" not in extra,
            tools=model.mid_system
            and model.mid_tools
            and OWN_TOOLS not in model.refused
            and "tools" not in extra,
        )


@frozen
class TermsSoFar:
    """The terms of a path: those at the `top` of its requests, None where nothing was sent yet.

    `now` is what holds at its end. What the first `begun` turns changed is at the top.
    """

    top: Terms | None
    now: Terms
    begun: int

    @classmethod
    def of(cls, turns: Sequence[Turn]) -> "TermsSoFar":
        begun = next((n for n, turn in enumerate(turns, 1) if turn.receipt is not None), 0)
        now = _terms_of(turns)
        return cls(_terms_of(turns[:begun]), now, begun) if begun else cls(None, now, len(turns))

    def change(self, wanted: Terms) -> Message | None:
        """Give the message that a new turn keeps of what it changes, if it changes anything."""
        new, old = wanted.tools, self.now.tools
        blocks = [_removal(name) for name in old if name not in new]
        blocks += [_addition(new[name]) for name in new if not _is_same(new[name], old.get(name))]
        effort = wanted.effort if wanted.effort != self.now.effort else None
        return (
            Message("system", tuple(blocks), effort=effort)
            if blocks or effort is not None
            else None
        )

    def at_top(self, wanted: Terms, midway: Midway) -> Terms:
        """Give the terms that stand at the top of the next request."""
        top = self.top or wanted
        return Terms(
            top.effort if midway.effort else wanted.effort,
            top.tools if midway.tools else wanted.tools,
        )


def _terms_of(turns: Iterable[Turn]) -> Terms:
    terms = Terms()
    for turn in turns:
        for message in turn.messages:
            terms = terms.after(message)
    return terms


def _is_same(tool: Wire, other: Wire | None) -> bool:
    return other is not None and encode(tool) == encode(other)


def _addition(tool: Wire) -> Block:
    definition = {"type": "tool_definition", "definition": dict(tool)}
    return UnknownBlock({"type": "tool_addition", "tool": definition})


def _removal(name: str) -> Block:
    reference = {"type": "tool_reference", "name": name}
    return UnknownBlock({"type": "tool_removal", "tool": reference})


def _changes(content: Iterable[Block]) -> Iterator[tuple[str, Wire | None]]:
    """Give what blocks change, by name: a tool that is defined, None for one that goes."""
    for block in content:
        wire: Any = block.wire if isinstance(block, UnknownBlock) else None
        match wire:
            case {"type": "tool_addition", "tool": {"definition": {"name": str(name)}}}:
                yield name, wire["tool"]["definition"]
            case {"type": "tool_removal", "tool": {"name": str(name)}}:
                yield name, None
            case _:
                pass


def has_tools(conversation: Conversation) -> bool:
    """Tell whether any tool was defined in a conversation.

    The first that is defined after its beginning changes how the service reads the rest, once.
    """
    return any(
        defined_in(message)
        for turn in conversation.path()
        for message in turn.messages
        if message.role == "system"
    )


def only_prompt(message: Message) -> Message:
    """Give a system message without its terms."""
    content = tuple(block for block in message.content if isinstance(block, TextBlock))
    return replace(message, content=content, effort=None)


def without_prompt(message: Message) -> Message:
    """Give a system message with nothing but its terms."""
    content = tuple(block for block in message.content if not isinstance(block, TextBlock))
    return replace(message, content=content)


def fitted(message: Message, model: Model, midway: Midway) -> Message:
    """Give a system message as that model takes it; the model's own effort goes by its name."""
    effort = message.effort
    if effort is not None:
        effort = effort or model.usual_effort
        effort = effort if midway.effort and effort in model.efforts else None
    content = message.content if midway.tools else only_prompt(message).content
    if effort == message.effort and content == message.content:
        return message
    return replace(message, content=content, effort=effort)


def together(messages: Sequence[Message], defined: AbstractSet[str]) -> Message | None:
    """Make one of system messages that stand side by side; None where nothing is left of them.

    The last word counts. A tool that was never `defined` before cannot go.
    """
    if len(messages) == 1:
        only = messages[0]
        return only if only.content or only.effort is not None else None
    prompt: tuple[Block, ...] = ()
    changes: dict[str, Wire | None] = {}
    effort: str | None = None
    for message in messages:
        prompt = message.content if message.prompt is not None else prompt
        effort = effort if message.effort is None else message.effort
        changes |= dict(_changes(message.content))
    content = (
        *(block for block in prompt if isinstance(block, TextBlock)),
        *(
            _removal(name) if tool is None else _addition(tool)
            for name, tool in changes.items()
            if tool is not None or name in defined
        ),
    )
    return Message("system", content, effort=effort) if content or effort is not None else None


def defined_in(message: Message) -> list[Wire]:
    """Give the tools that a system message defines."""
    return [tool for _, tool in _changes(message.content) if tool is not None]


def offered(tools: Iterable[Wire], messages: Iterable[Message]) -> tuple[Wire, ...]:
    """Give the tools that may be used after all that messages change."""
    named: dict[str, Wire] = {}
    others: list[Wire] = []  # without a name, or what `extra_body` calls so
    for tool in tools:
        if isinstance(name := tool.get("name"), str):
            named[name] = tool
        else:
            others.append(tool)
    terms = Terms(tools=named)
    for message in messages:
        terms = terms.after(message)
    return (*terms.tools.values(), *others)


def undeclared(messages: Iterable[Message], tools: Iterable[Wire]) -> frozenset[str]:
    """Name the service's own tools that are called before they are defined, at the top or later."""
    names, calls = set(provided(tools)), set[str]()
    for message in messages:
        if message.role == "system":
            names |= provided(defined_in(message))
        else:
            calls |= called((message,)) - names
    return frozenset(calls)


def betas(messages: Iterable[Message]) -> tuple[str, ...]:
    """Name the beta features that the system messages among those need."""
    changes = [message for message in messages if message.role == "system"]
    of_effort = any(message.effort is not None for message in changes)
    of_tools = any(True for message in changes for _ in _changes(message.content))
    return (*((EFFORT_CHANGES,) if of_effort else ()), *((TOOL_CHANGES,) if of_tools else ()))
