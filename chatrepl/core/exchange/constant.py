"""One request of many that begin alike: the mark for the prompt cache stands where they part."""

from dataclasses import replace
from typing import Any, Final

from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.message import Message

_CONTROL: Final = "cache_control"


def parted(request: Request, blocks: int, *, same_system: bool) -> Request:
    """Mark the end of what is the same in all requests: the first `blocks` of the message.

    The automatic mark at the request's end goes: nobody would read what it keeps. Where no block is
    the same the system prompt has a mark of its own, unless that differs too.
    """
    control = request.params.get(_CONTROL)
    if not control:
        return request
    params = {key: value for key, value in request.params.items() if key != _CONTROL}
    system, first = params.get("system"), request.messages[0]
    if isinstance(system, list) and (blocks or not same_system):  # one mark keeps all before it
        params["system"] = [_unmarked(part) for part in system]
    if blocks and same_system:
        first = _marked(first, blocks - 1, control)
    messages = (first, *request.messages[1:])
    return replace(request, params=params, messages=messages, marks=frozenset())


def _unmarked(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != _CONTROL}


def _marked(message: Message, at: int, control: dict[str, Any]) -> Message:
    block = block_from_wire({**message.content[at].to_wire(), _CONTROL: dict(control)})
    return replace(message, content=(*message.content[:at], block, *message.content[at + 1 :]))
