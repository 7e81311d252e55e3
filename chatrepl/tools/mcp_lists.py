"""Lists as a server should have sent them: one entry that is none does not spoil the others.

The `mcp` package refuses a list as a whole. What is easily mended is; what is not is left out.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from mcp.client._transport import ReadStream
    from mcp.shared.message import SessionMessage

    Incoming = ReadStream[SessionMessage | Exception]


class MendedStream:
    """What comes from a server, with its lists mended."""

    def __init__(self, stream: "Incoming") -> None:
        self._stream = stream

    async def receive(self) -> "SessionMessage | Exception":
        return _mended(await self._stream.receive())

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "SessionMessage | Exception":
        return _mended(await self._stream.__anext__())

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, tb)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _mended(item: "SessionMessage | Exception") -> "SessionMessage | Exception":
    result = getattr(getattr(item, "message", None), "result", None)
    if isinstance(result, dict):
        mend(result)
    return item


def mend(result: dict[str, Any]) -> None:
    """Leave out of the lists of a result what is no entry of them."""
    for key, entry_of in _ENTRIES.items():
        entries = result.get(key)
        if isinstance(entries, list):
            result[key] = [one for entry in entries if (one := entry_of(entry)) is not None]


def _tool(entry: object) -> Mapping[str, Any] | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        return None
    schema = entry.get("inputSchema") or {}
    if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
        return None
    told = {key: entry[key] for key in ("title", "description") if isinstance(entry.get(key), str)}
    return {"name": entry["name"], **told, "inputSchema": {"type": "object", **schema}}


def _named(entry: object) -> Mapping[str, Any] | None:
    return entry if isinstance(entry, Mapping) and isinstance(entry.get("name"), str) else None


_ENTRIES: Final[Mapping[str, Callable[[object], Mapping[str, Any] | None]]] = {
    "tools": _tool,
    "prompts": _named,
}
