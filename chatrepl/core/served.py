"""What servers on this machine serve beside tools: prompts, and resources that can be attached.

A prompt is `/SERVER:PROMPT ARGUMENTS`, a resource `@SERVER:uri`. What serves them is an edge behind
`Servers`; a server is started when one of its own is asked for, and not before.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from chatrepl.core.errors import UsageError
from chatrepl.core.talk.message import Message
from chatrepl.core.typed_words import NEVER_LAST
from chatrepl.core.value import frozen


@frozen
class PromptArgument:
    name: str
    is_required: bool = False
    description: str = ""


@frozen
class ServedPrompt:
    """A prompt as its server lists it; `original` is its name there."""

    server: str
    name: str
    original: str
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()

    @property
    def usage(self) -> str:
        """The line that shows what it takes."""
        return " ".join((f"/{self.server}:{self.name}", *map(_shown, self.arguments)))

    def given(self, words: Sequence[str]) -> Mapping[str, str]:
        """Tell which argument each word is: by its place, the last one taking all that is left, or
        as `name=word`. Raises UsageError where one is missing, or too many are there.
        """
        names = [argument.name for argument in self.arguments]
        pairs = [word.partition("=") for word in words]
        named = {name: value for name, mark, value in pairs if mark and name in names}
        free = [w for w, (name, mark, _) in zip(words, pairs, strict=True) if name not in named]
        open_ = [name for name in names if name not in named]
        if len(free) > len(open_) > 0:
            free = [*free[: len(open_) - 1], " ".join(free[len(open_) - 1 :])]
        placed = {**named, **dict(zip(open_, free, strict=False))}
        missing = [a.name for a in self.arguments if a.is_required and not placed.get(a.name)]
        if missing or len(free) > len(open_):
            what = f"takes {missing[0]}" if missing else "takes no more than that"
            raise UsageError(f"/{self.server}:{self.name} {what}.", f"usage: {self.usage}")
        return placed


@frozen
class ServedResource:
    """A resource as its server lists it; a template is cut where it is to be filled in."""

    uri: str
    name: str = ""


@frozen
class ServedFile:
    """A part of a resource: what it is called, and its bytes."""

    name: str
    data: bytes


class Servers(Protocol):
    """Servers by their names. What asks one may wait for it, and raises ToolError in words."""

    def names(self) -> tuple[str, ...]:
        """Name the servers there are; none is started for that."""

    def prompts(self, server: str) -> tuple[ServedPrompt, ...]:
        """Give the prompts of a server."""

    def prompt(self, prompt: ServedPrompt, given: Mapping[str, str]) -> tuple[Message, ...]:
        """Have a prompt written."""

    def resources(self, server: str) -> tuple[ServedResource, ...]:
        """Give the resources of a server."""

    def resource(self, server: str, uri: str) -> tuple[ServedFile, ...]:
        """Read a resource."""


def split_served(text: str, names: Iterable[str]) -> tuple[str, str] | None:
    """Take `SERVER:rest` apart; None where no server is meant, or the end belongs to a sentence."""
    server, colon, rest = text.partition(":")
    if not colon or not rest or rest[-1] in NEVER_LAST or server not in names:
        return None
    return server, rest


def _shown(argument: PromptArgument) -> str:
    name = argument.name.upper()
    return name if argument.is_required else f"[{name}]"
