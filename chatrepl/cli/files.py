"""The files that code made at the service, for whoever speaks to it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

from chatrepl.api.files import FileDoor
from chatrepl.cli.connection import Connection
from chatrepl.cli.loop import LoopRunner
from chatrepl.core.errors import ChatreplError
from chatrepl.core.talk.workshop import MadeFile
from chatrepl.core.value import frozen


async def about_files(connection: Connection, ids: Sequence[str]) -> list[MadeFile | ChatreplError]:
    """Ask what files are, all at once; of each, what it is or why that cannot be told."""

    async def about(id_: str) -> MadeFile | ChatreplError:
        try:
            return await FileDoor(await connection.client).about(id_)
        except ChatreplError as error:
            return error

    return await asyncio.gather(*map(about, ids))


@frozen
class ServiceFiles:
    """The files, for a chat that waits for them; Ctrl-C leaves that."""

    connection: Connection
    runner: LoopRunner

    def about(self, ids: Sequence[str]) -> Sequence[MadeFile | ChatreplError]:
        """Tell what those are."""
        return self.runner.run(about_files(self.connection, ids))

    def fetch(self, id_: str, write: Callable[[bytes], None]) -> None:
        """Give what is in one, piece by piece."""
        self.runner.run(self._fetch(id_, write))

    async def _fetch(self, id_: str, write: Callable[[bytes], None]) -> None:
        door = FileDoor(await self.connection.client)
        async with aclosing(door.content(id_)) as chunks:
            async for chunk in chunks:
                write(chunk)
