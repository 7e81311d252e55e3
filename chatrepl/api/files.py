"""Files that code made at the service: what they are, and what is in them."""

import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.foreign_json import counted
from chatrepl.core.talk.workshop import MadeFile
from chatrepl.core.value import frozen
from chatrepl.core.wire import scrub

if TYPE_CHECKING:  # loads the HTTP client
    from chatrepl.api.client import Client

FILES: Final = "/v1/files"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@frozen
class FileDoor:
    """The files of one account. Everything that goes wrong is an ApiError."""

    client: "Client"

    async def about(self, id_: str) -> MadeFile:
        """Ask what a file is called, and how large it is."""
        facts = await self.client.call("GET", self._path(id_))
        name, kind = facts.get("filename"), facts.get("mime_type")
        return MadeFile(
            id_,
            " ".join(scrub(name).split()) if isinstance(name, str) else "",
            counted(facts.get("size_bytes")),
            scrub(kind) if isinstance(kind, str) else "",
            given=facts.get("downloadable") is not False,
        )

    async def content(self, id_: str) -> AsyncGenerator[bytes, None]:
        """Yield what is in a file, as it comes."""
        async for chunk in self.client.chunks(f"{self._path(id_)}/content"):
            yield chunk

    def _path(self, id_: str) -> str:
        if not _ID.fullmatch(id_):  # it came from outside, and is to be no other path
            raise ApiError(ApiErrorKind.NOT_FOUND, "Its id is none of the service.")
        return f"{FILES}/{id_}"
