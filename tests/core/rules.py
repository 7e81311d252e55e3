"""The service's rules for a list of messages, checked on the wire and apart from the code.

Thinking is checked by its signature: the tests sign it with a digest of the very request that it
answered, so that nothing the code keeps about its past is believed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def signature(model: str, system: str, tools: object, messages: Sequence[Json]) -> str:
    past = json.dumps([model, system, tools, list(messages)])
    return hashlib.sha256(past.encode()).hexdigest()


def faults(body: Json, *, system_role: bool) -> list[str]:
    """List the rules that a request breaks."""
    messages = body["messages"]
    found = [] if messages else ["no messages"]
    if messages and messages[0]["role"] != "user":
        found.append("the first message is not the user's")
    for at, message in enumerate(messages):
        before = messages[at - 1] if at else None
        after = messages[at + 1] if at + 1 < len(messages) else None
        found += (f"{at}: {fault}" for fault in _content(message))
        found += (f"{at}: {fault}" for fault in _place(message, before, after, system_role))
        found += (f"{at}: {fault}" for fault in _tools(message, messages, at))
        for block in message["content"]:
            if block["type"] == "thinking":
                past = messages[:at]
                made = signature(body["model"], body.get("system", ""), body.get("tools"), past)
                if block["signature"] != made:
                    found.append(f"{at}: thinking is bound to another past")
    return found


def _content(message: Json) -> Iterable[str]:
    if not message["content"] and "output_config" not in message:
        yield "empty content"
    for block in message["content"]:
        if block["type"] == "text" and not block["text"].strip():
            yield "blank text"
    if message["content"] and message["content"][-1]["type"] == "thinking":
        yield "thinking stands last"


def _place(message: Json, before: Json | None, after: Json | None, allowed: bool) -> Iterable[str]:
    if message["role"] != "system":
        return
    if not allowed:
        yield "a system message for a model that takes none"
    if before is None or before["role"] != "user":
        yield "a system message after no user message"
    if after is not None and after["role"] != "assistant":
        yield "a system message before no reply"


def _tools(message: Json, messages: Sequence[Json], at: int) -> Iterable[str]:
    calls = {b["id"] for b in message["content"] if b["type"] == "tool_use"}
    nothing: Json = {"role": "", "content": []}
    following = messages[at + 1] if at + 1 < len(messages) else nothing
    answered = {b["tool_use_id"] for b in following["content"] if b["type"] == "tool_result"}
    if not calls <= (answered if following["role"] == "user" else set()):
        yield "a call without a result right after it"
    results = [b["type"] == "tool_result" for b in message["content"]]
    if results != sorted(results, reverse=True):
        yield "results are not first"
    known = messages[at - 1]["content"] if at else []
    asked = {b["id"] for b in known if b["type"] == "tool_use"}
    given = {b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"}
    if not given <= asked:
        yield "a result without a call right before it"
    yield from _served(message, messages, at)


def _served(message: Json, messages: Sequence[Json], at: int) -> Iterable[str]:
    run = [message]
    for later in messages[at + 1 :]:
        if later["role"] == "user":
            break
        run.append(later)
    else:
        run = []  # the last reply may still be under way
    blocks = [b for m in run for b in m["content"]]
    done = {b["tool_use_id"] for b in blocks if b["type"] == "web_search_tool_result"}
    for block in message["content"]:
        if block["type"] == "server_tool_use" and run and block["id"] not in done:
            yield "the service's own call has no result"
    seen = {
        b["id"] for m in messages[: at + 1] for b in m["content"] if b["type"] == "server_tool_use"
    }
    for block in message["content"]:
        if block["type"] == "web_search_tool_result" and block["tool_use_id"] not in seen:
            yield "a result without the service's own call"
