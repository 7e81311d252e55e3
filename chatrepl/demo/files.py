"""The Files API: what code made, told of and given out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatrepl.demo.tools.code import CONTENT, MADE
from chatrepl.demo.wire import JSON, ApiFault, Chunk, WireAnswer, json_answer

PATH = "/v1/files"
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of one account."""

    name: str
    data: bytes
    kind: str
    created: float
    downloadable: bool = True


class Files:
    """The files of one account; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._files: dict[str, StoredFile] = {}

    def keep(
        self, id_: str, name: str = MADE, data: bytes = CONTENT, *, downloadable: bool = True
    ) -> None:
        """Keep a file under an id."""
        kind = "text/csv" if name.endswith(".csv") else "application/octet-stream"
        self._files[id_] = StoredFile(name, data, kind, self._clock(), downloadable)

    def keep_made(self, blocks: Iterable[JSON]) -> None:
        """Keep the files that a reply tells of."""
        for id_ in _named(list(blocks)):
            if id_ not in self._files:
                self.keep(id_)

    def route(self, method: str, path: str, own: dict[str, str]) -> WireAnswer:
        """Answer a request at or below `PATH`."""
        id_, _, what = path.removeprefix(PATH).lstrip("/").partition("/")
        if method != "GET" or what not in {"", "content"}:
            raise ApiFault(405, "Method Not Allowed")
        if not id_:
            listed = [self._object(each) for each in self._files]
            return json_answer(200, {"data": listed, "has_more": False}, own)
        if id_ not in self._files:
            raise ApiFault(404, f"File not found: {id_}")
        if not what:
            return json_answer(200, self._object(id_), own)
        return self._content(self._files[id_], own)

    def _object(self, id_: str) -> JSON:
        file = self._files[id_]
        return {
            "id": id_,
            "type": "file",
            "filename": file.name,
            "mime_type": file.kind,
            "size_bytes": len(file.data),
            "created_at": datetime.fromtimestamp(file.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "downloadable": file.downloadable,
        }

    def _content(self, file: StoredFile, own: dict[str, str]) -> WireAnswer:
        if not file.downloadable:
            raise ApiFault(400, "File is not downloadable")
        headers = {**own, "content-type": file.kind, "content-length": str(len(file.data))}
        parts = range(0, len(file.data), _CHUNK)
        return WireAnswer(200, headers, tuple(Chunk(file.data[at : at + _CHUNK]) for at in parts))


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("file_id"), str):
            yield value["file_id"]
        yield from _named(value.get("content"))
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)
