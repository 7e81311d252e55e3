"""Servers that serve what they are given, and remember what they were asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chatrepl.core.errors import ToolError
from chatrepl.core.served import PromptArgument, ServedFile, ServedPrompt, ServedResource
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message


def user(text: str) -> Message:
    return Message.user(text)


def model(text: str) -> Message:
    return Message("assistant", (TextBlock(text),))


@dataclass
class GivenServers:
    """One server that answers, `maps`, and one that does not, `down`."""

    messages: tuple[Message, ...] = (user("Where is Oslo? @notes.txt"),)
    files: tuple[ServedFile, ...] = (ServedFile("maps:map://oslo.md", b"far north"),)
    asked: list[str] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return ("maps", "down")

    def prompts(self, server: str) -> tuple[ServedPrompt, ...]:
        self._begin(server)
        city = PromptArgument("city", is_required=True, description="A city.")
        return (
            ServedPrompt("maps", "where", "where", "Finds it.", (city,)),
            ServedPrompt("maps", "when", "when"),
            ServedPrompt("maps", "route", "the route"),
        )

    def prompt(self, prompt: ServedPrompt, given: Mapping[str, str]) -> tuple[Message, ...]:
        self.asked.append(f"{prompt.original} {dict(given)}")
        return self.messages

    def resources(self, server: str) -> tuple[ServedResource, ...]:
        self._begin(server)
        return (ServedResource("map://oslo.md", "Oslo"), ServedResource("map://a b"))

    def resource(self, server: str, uri: str) -> tuple[ServedFile, ...]:
        self._begin(server)
        self.asked.append(uri)
        return self.files

    def _begin(self, server: str) -> None:
        if server == "down":
            raise ToolError("down did not start: it is broken.")
