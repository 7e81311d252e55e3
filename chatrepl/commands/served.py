"""Prompts of servers as commands, `/SERVER:PROMPT`: offered, told about, and sent.

What a server writes is its own word: it mentions no file of this machine.
"""

import difflib
from collections.abc import Sequence
from typing import Final

from chatrepl.core.errors import SAFE, ToolError, UsageError
from chatrepl.core.outcome import Notice, Outcome, Page, Send, Several
from chatrepl.core.own_command import arguments
from chatrepl.core.served import ServedPrompt, Servers
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session

_LONGEST: Final = 120


def serving(session: Session, name: str) -> Servers | None:
    """Give the servers, where a name means a prompt of one."""
    servers = session.edges.servers()
    if servers is None or name.partition(":")[0] not in servers.names():
        return None
    return servers


def run_prompt(session: Session, servers: Servers, name: str, rest: str) -> Outcome:
    """Have a server write a prompt, and send it as the user's words. Raises ChatreplError.

    What it lets be said before its last question is added as if it had been; a reply that it
    begins is begun so.
    """
    prompt = _found(servers, name)
    messages = list(servers.prompt(prompt, prompt.given(arguments(rest))))
    begins = messages.pop().text if messages and messages[-1].role == "assistant" else ""
    if not messages:
        raise UsageError(f"/{name} asks nothing.", SAFE)
    *before, last = messages
    _add(session, before)
    if begins:
        session.prepare(prefill=begins)
    staged = session.compose("").content
    asked = " ".join(last.text.split())
    line = asked if len(asked) <= _LONGEST else f"{asked[: _LONGEST - 1]}…"
    message = Message("user", (*staged, *last.content))
    return Several((Notice(f"/{prompt.server}:{prompt.name} · {line}"), Send(message)))


def _add(session: Session, before: Sequence[Message]) -> None:
    """Add what comes before the question as turns."""
    said: list[Message] = []
    for message in before:
        said.append(message)
        if message.role == "assistant":
            session.add_turn(session.conversation.head, *said, by_hand=True)
            said = []


def prompt_help(servers: Servers, name: str) -> Outcome:
    """Tell all about a prompt of a server, or name those there are."""
    server, _, word = name.partition(":")
    if not word:
        offers = (f"- `{one.usage}` {one.description}".rstrip() for one in servers.prompts(server))
        return Page("\n".join(offers) or f"{server} has no prompts at all.")
    prompt = _found(servers, name)
    lines = [f"- {one.name}: {one.description}" for one in prompt.arguments if one.description]
    where = f"The server {prompt.server} writes it."
    parts = (f"`{prompt.usage}`", prompt.description, "\n".join(lines), where)
    return Page("\n\n".join(filter(None, parts)))


def prompt_offers(servers: Servers, word: str) -> list[tuple[str, str]]:
    """Offer servers by their beginnings, and the prompts of one that is named."""
    server, colon, begun = word.partition(":")
    if not colon:
        names = (name for name in servers.names() if name.startswith(server))
        return [(f"/{name}:", "What this server has prompts for") for name in names]
    if server not in servers.names():
        return []
    try:
        prompts = servers.prompts(server)
    except ToolError:
        return []
    return [
        (f"/{server}:{one.name} ", _meaning(one)) for one in prompts if one.name.startswith(begun)
    ]


def _meaning(prompt: ServedPrompt) -> str:
    takes = prompt.usage.partition(" ")[2]
    return " · ".join(filter(None, (takes, prompt.description)))


def _found(servers: Servers, name: str) -> ServedPrompt:
    """Find a prompt by its name or the only beginning of one. Raises UsageError."""
    server, _, word = name.partition(":")
    prompts = {prompt.name: prompt for prompt in servers.prompts(server)}
    begun = [each for each in prompts if word and each.startswith(word)]
    if word in prompts or len(begun) == 1:
        return prompts.get(word) or prompts[begun[0]]
    near = difflib.get_close_matches(word, prompts, n=1)
    hint = f"Did you mean /{server}:{near[0]}?" if near else _listed(server, list(prompts))
    what = f"has no prompt {word}" if word else "needs the name of a prompt"
    raise UsageError(f"{server} {what}.", hint)


def _listed(server: str, names: Sequence[str]) -> str:
    return f"It has {', '.join(names[:6])}." if names else f"{server} has no prompts at all."
