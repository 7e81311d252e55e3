"""Bodies that are no reply, read up to a bound, whatever they are packed in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from chatrepl.api.errors.exceptions import Raised

LIST_BYTES: Final = 4_194_304
_ERROR_S: Final = 5.0
_SLICE: Final = 1024  # of packed bytes, which may become a thousand times as many


async def bounded(chunks: AsyncIterator[bytes], most: int) -> bytes:
    """Take what comes, so many bytes at most."""
    pieces, left = [], most
    async for chunk in chunks:
        pieces.append(chunk[:left])
        left -= len(chunk)
        if left <= 0:
            break
    return b"".join(pieces)


async def last_words(chunks: AsyncIterator[bytes], most: int, faults: Raised) -> bytes:
    """Take what comes of an error's body, so much and so long at most; never fails."""
    pieces: list[bytes] = []

    async def kept() -> AsyncIterator[bytes]:
        async for chunk in chunks:
            pieces.append(chunk)
            yield chunk

    try:
        async with asyncio.timeout(_ERROR_S):
            return await bounded(kept(), most)
    except faults:  # a timeout is an OSError, which all ways to the service may raise
        return b"".join(pieces)


async def sliced(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give the same bytes in small slices, so that unpacking one of them is not much at once."""
    async for chunk in chunks:
        for at in range(0, len(chunk), _SLICE):
            yield chunk[at : at + _SLICE]
