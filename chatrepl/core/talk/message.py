"""What one role said, as blocks: as the API takes it, and what can be read off it.

A message is made into bytes once, however often it is sent.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias, get_args

from chatrepl.core.talk.blocks import (
    THINKING,
    Block,
    DocumentBlock,
    TextBlock,
    block_from_wire,
    is_blank,
)
from chatrepl.core.value import variant
from chatrepl.core.wire import Wire, encode

Role: TypeAlias = Literal["user", "assistant", "system"]
ROLES: Final = frozenset(get_args(Role))
_SERVER_KEYS: Final = {"mcp_tool_use": "server_name", "mcp_tool_listing": "mcp_server_name"}


@dataclass(frozen=True)
class Message:
    """One message as the API takes it.

    `model` and `bound` tell which model wrote it and after which past (`core/exchange/view.py`):
    thinking may only be sent back to that model after that very past. A system message may change
    the `effort` from here on (`core/exchange/terms.py`); an empty one leaves it to the model.
    """

    role: Role
    content: tuple[Block, ...]
    model: str = ""
    bound: str = ""
    effort: str | None = None

    @classmethod
    def user(cls, text: str, *attached: Block) -> "Message":
        """Make a user message: attachments first, then the text, if there is any."""
        return cls("user", (*attached, *((TextBlock(text),) if text else ())))

    @classmethod
    def from_wire(cls, wire: Wire) -> "Message":
        content = wire["content"]
        blocks = (
            (TextBlock(content),)
            if isinstance(content, str)
            else tuple(block_from_wire(block) for block in content)
        )
        config = wire.get("output_config")
        return cls(wire["role"], blocks, effort=config["effort"] or "" if config else None)

    def to_wire(self) -> dict[str, Any]:
        wire = {"role": self.role, "content": [block.to_wire() for block in self.content]}
        if self.effort is None:
            return wire
        return {**wire, "output_config": {"effort": self.effort or None}}

    @property
    def text(self) -> str:
        """The text blocks, joined as they follow one another."""
        return "".join(block.text for block in self.content if isinstance(block, TextBlock))

    @property
    def prompt(self) -> str | None:
        """The system prompt that holds from here on; None where the message changes none."""
        is_change = any(isinstance(block, TextBlock) for block in self.content)
        return self.text if self.role == "system" and is_change else None

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to read in it: it changes the effort alone."""
        return self.effort is not None and not self.content

    @property
    def answers_calls(self) -> bool:
        """Whether it begins with an answer to a call of ours."""
        begins = self.content[0].type if self.content else ""
        return self.role == "user" and begins == "tool_result"

    @property
    def markdown(self) -> str:
        """What it says, block by block."""
        return "\n".join(block.to_markdown() for block in self.content)

    @variant
    def sendable(self) -> "Message":
        """The same without blank text, which the service refuses."""
        content = tuple(b for b in self.content if not is_blank(b))
        return self if len(content) == len(self.content) else replace(self, content=content)

    @variant
    def citing(self) -> "Message":
        """The same with every document of it asked to be cited; made once, as its bytes are."""
        content = tuple(b.citing if isinstance(b, DocumentBlock) else b for b in self.content)
        return self if content == self.content else replace(self, content=content)

    @cached_property
    def encoded(self) -> bytes:
        """The message as JSON; made once, however often it is sent."""
        return encode(self.to_wire()).encode("utf-8", "replace")

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(self.encoded).digest()

    @cached_property
    def has_thinking(self) -> bool:
        return any(isinstance(block, THINKING) for block in self.content)

    @cached_property
    def remotes(self) -> frozenset[str]:
        """The servers whose tools the service called or listed in it."""
        return frozenset(name for one in self.content if (name := remote(one)) is not None)

    @cached_property
    def without_thinking(self) -> "Message":
        content = tuple(block for block in self.content if not isinstance(block, THINKING))
        return replace(self, content=content)


def remote(block: Block) -> str | None:
    """Name the server whose tool a block calls or lists."""
    key = _SERVER_KEYS.get(block.type)
    if key is None:
        return None
    name = block.to_wire().get(key)
    return name if isinstance(name, str) else ""


def prompts(messages: Iterable[Message]) -> list[str]:
    """Give the system prompts that change in those messages."""
    return [message.prompt for message in messages if message.prompt is not None]
