"""All MCP servers of a chat, by their names: the sources of tools, and what else they serve."""

import concurrent.futures
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from chatrepl.core.errors import ToolError
from chatrepl.core.served import PromptArgument, ServedFile, ServedPrompt, ServedResource
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message, Role
from chatrepl.core.tools import McpServer
from chatrepl.core.wire import Wire
from chatrepl.tools.mcp_source import McpSource
from chatrepl.tools.mcp_words import (
    Pictures,
    blocks_of,
    clean,
    decoded_blob,
    flat,
    plain_picture,
    usable_name,
)
from chatrepl.tools.own_loop import OwnLoop

_MOST_LISTED: Final = 2_000
_GRACE_S: Final = 35.0  # beyond a deadline: the server is started first
_ENDING_S: Final = 4.0
Waited = TypeVar("Waited")


class McpServers:
    """The servers that are spoken to from here. `tell` gets remarks on them, in the chat's thread.

    `token` gives what is sent to an address, or refuses one that nothing may be sent to; `pictures`
    makes blocks of the bytes of a picture.
    """

    def __init__(
        self,
        servers: Iterable[McpServer],
        tell: Callable[[str], None] = lambda _line: None,
        token: Callable[[McpServer], str] = lambda _server: "",
        pictures: Pictures = plain_picture,
    ) -> None:
        self._loop = OwnLoop("mcp")
        self._pictures = pictures
        here = [server for server in servers if server.connect == "here"]
        self._sources = {
            one.name: McpSource(one, self._loop, tell, token, pictures) for one in here
        }

    @property
    def sources(self) -> tuple[McpSource, ...]:
        return tuple(self._sources.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._sources)

    def prompts(self, server: str) -> tuple[ServedPrompt, ...]:
        source = self._sources[server]
        entries = self._waited(source, source.prompts())
        prompts = dict[str, ServedPrompt]()
        for entry in entries[:_MOST_LISTED]:
            original = str(entry.get("name", ""))
            name = usable_name(original, prompts)
            words = flat(entry.get("description") or entry.get("title") or "")
            prompts[name] = ServedPrompt(server, name, original, words, _arguments(entry))
        return tuple(prompts.values())

    def prompt(self, prompt: ServedPrompt, given: Mapping[str, str]) -> tuple[Message, ...]:
        source = self._sources[prompt.server]
        wire = self._waited(source, source.prompt(prompt.original, given))
        return tuple(_messages(wire.get("messages") or (), self._pictures))

    def resources(self, server: str) -> tuple[ServedResource, ...]:
        source = self._sources[server]
        entries = self._waited(source, source.resources())
        return tuple(map(_offered, entries[:_MOST_LISTED]))

    def resource(self, server: str, uri: str) -> tuple[ServedFile, ...]:
        source = self._sources[server]
        contents = self._waited(source, source.resource(uri)).get("contents") or ()
        return tuple(_file(server, part) for part in contents)

    def close(self) -> None:
        """End all servers, at once; afterwards none is there."""
        if not self._loop.has_begun:
            return
        endings = [self._loop.begin(source.end()) for source in self.sources]
        concurrent.futures.wait(endings, _ENDING_S)
        self._loop.close()

    def _waited(self, source: McpSource, work: Coroutine[Any, Any, Waited]) -> Waited:
        try:
            return self._loop.wait(work, source.server.deadline_s + _GRACE_S)
        except TimeoutError:
            raise ToolError(f"{source.name} gave no answer.") from None
        except concurrent.futures.CancelledError:
            raise ToolError(f"{source.name} was ended.") from None


def _arguments(entry: Wire) -> tuple[PromptArgument, ...]:
    return tuple(
        PromptArgument(
            str(one["name"]), bool(one.get("required")), flat(one.get("description") or "")
        )
        for one in entry.get("arguments") or ()
        if one.get("name")
    )


def _messages(written: Sequence[Wire], pictures: Pictures) -> list[Message]:
    """Read the messages of a prompt; those of one role that follow each other are one."""
    messages = list[Message]()
    for one in written:
        content = one.get("content")
        parts = content if isinstance(content, list) else [content]
        role: Role = "assistant" if one.get("role") == "assistant" else "user"
        blocks = tuple(blocks_of(parts, pictures))
        blocks = tuple(TextBlock(clean(b.text)) if isinstance(b, TextBlock) else b for b in blocks)
        if role == "assistant":  # its pictures would be refused
            blocks = tuple(block for block in blocks if isinstance(block, TextBlock))
        if messages and messages[-1].role == role:
            blocks = (*messages.pop().content, *blocks)
        if blocks:
            messages.append(Message(role, blocks))
    return messages


def _offered(entry: Wire) -> ServedResource:
    uri = str(entry.get("uri") or entry.get("uriTemplate", "").partition("{")[0])
    return ServedResource(uri, flat(entry.get("title") or entry.get("name") or ""))


def _file(server: str, part: Wire) -> ServedFile:
    name, text = f"{server}:{flat(part.get('uri', ''))}", part.get("text")
    data = text.encode() if isinstance(text, str) else decoded_blob(part.get("blob"))
    return ServedFile(name, data)
