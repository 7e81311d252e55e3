"""The door: a path, an address or bytes in, a content block out.

Data is encoded here, once: what goes over the wire stays the same in every later turn.
"""

import os
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeAlias

from chatrepl.attachments import images
from chatrepl.attachments.documents import TOKENS_PER_PAGE, read_pdf, read_text
from chatrepl.attachments.limits import AttachmentLimits, check_request, limits_of
from chatrepl.attachments.safe_read import (
    HEAD_BYTES,
    SafeFile,
    open_regular,
    plain_path,
    refusal,
    shown,
    size,
)
from chatrepl.attachments.sniff import EMPTY, FileKind, FileType, sniff
from chatrepl.attachments.urls import checked_url, is_url, url_kind, url_name
from chatrepl.core.models import Model
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, UnknownBlock
from chatrepl.core.value import frozen
from chatrepl.core.words import compact

AttachedBlock: TypeAlias = ImageBlock | DocumentBlock | UnknownBlock


@frozen
class Attachment:
    """A block to send, and what the user is told about it.

    `tokens_estimate` is None where only the service can tell; `note` is empty or says what was
    changed or is unusual. `more` are the further pieces of a picture that was cut.
    """

    block: AttachedBlock
    name: str
    kind: FileKind
    detail: str
    tokens_estimate: int | None
    note: str = ""
    more: tuple[AttachedBlock, ...] = ()

    @property
    def blocks(self) -> tuple[AttachedBlock, ...]:
        return (self.block, *self.more)

    @property
    def chip(self) -> str:
        """One line for the prompt's toolbar and for the echo of a command."""
        parts = [f"▣ {self.name}", self.detail.partition(", ")[0]]
        if self.tokens_estimate is not None:
            parts.append(f"~{compact(self.tokens_estimate)} tokens")
        return " · ".join(parts)

    @property
    def line(self) -> str:
        """Its chip, and what was changed or is unusual."""
        return f"{self.chip} · {self.note}" if self.note else self.chip


def load(spec: str, *, limits: AttachmentLimits) -> Attachment:
    """Attach a file or an address; raises `AttachmentError` in words.

    Type, size and pixel count are checked on the first bytes before the rest is read.
    """
    if is_url(spec.strip()):
        return _from_url(spec.strip())
    path = plain_path(spec)
    with open_regular(path) as file:
        data = _read_checked(file, limits)
    attached = from_bytes(data, PurePath(path).name, limits=limits)
    return _with_link_note(attached, path)


def load_all(
    specs: Iterable[str], piped: bytes, model: Model, *, keep_hidden: bool = False
) -> tuple[Attachment, ...]:
    """Attach what `specs` name, `-` being what was `piped`, within the limits of one request."""
    limits = limits_of(model, keep_hidden=keep_hidden)
    attached: list[Attachment] = []
    for spec in specs:
        at_stdin = spec == "-"
        file = from_bytes(piped, "stdin", limits=limits) if at_stdin else load(spec, limits=limits)
        if file.block not in [other.block for other in attached]:  # each file goes once
            attached.append(file)
    check_request((block for item in attached for block in item.blocks), limits=limits)
    return tuple(attached)


def from_bytes(data: bytes, name: str, *, limits: AttachmentLimits) -> Attachment:
    """Attach bytes that are already here, from standard input or the clipboard."""
    name = shown(name)
    kind = _supported(data[:HEAD_BYTES], name)
    if kind.kind is FileKind.IMAGE:
        return _image(data, name, limits)
    return _pdf(data, name, limits) if kind.kind is FileKind.PDF else _text(data, name, limits)


def _read_checked(file: SafeFile, limits: AttachmentLimits) -> bytes:
    head = file.head()
    kind = _supported(head, file.path)
    if kind.kind is FileKind.IMAGE:
        images.check_size(head, shown(PurePath(file.path).name))
    limit = {
        FileKind.IMAGE: limits.max_image_file_bytes,
        FileKind.PDF: limits.max_pdf_bytes,
    }.get(kind.kind, limits.max_text_bytes)
    return file.read_all(limit)


def _supported(head: bytes, name: str) -> FileType:
    kind = sniff(head)
    if kind is EMPTY:
        raise refusal(name, "it is empty")
    if kind.kind is FileKind.UNSUPPORTED:
        raise refusal(name, f"it is {kind.name}", kind.hint)
    return kind


def _image(data: bytes, name: str, limits: AttachmentLimits) -> Attachment:
    picture = images.prepare(data, name, limits)
    pieces = picture.pieces or (picture,)
    block, *more = (
        ImageBlock.base64(piece.type.media_type, b64encode(piece.data).decode("ascii"))
        for piece in pieces
    )
    width, height = picture.size
    count = f"{len(pieces)} × " if picture.pieces else ""
    total = size(sum(len(piece.data) for piece in pieces))
    detail = f"{picture.type.name} {count}{width}×{height}, {total}"
    return Attachment(
        block, name, FileKind.IMAGE, detail, picture.tokens, picture.note, tuple(more)
    )


def _pdf(data: bytes, name: str, limits: AttachmentLimits) -> Attachment:
    count = read_pdf(data, name, limits.max_pdf_bytes, limits.max_pdf_pages)
    block = DocumentBlock.base64_pdf(b64encode(data).decode("ascii"), name)
    pages = {None: "", 1: " 1 page"}.get(count, f" {count} pages")
    detail = f"PDF{pages}, {size(len(data))}"
    note = "" if count else "the number of pages could not be told"
    tokens = None if count is None else count * TOKENS_PER_PAGE
    return Attachment(block, name, FileKind.PDF, detail, tokens, note)


def _text(data: bytes, name: str, limits: AttachmentLimits) -> Attachment:
    text = read_text(data, name, limits.max_text_bytes, keep_hidden=limits.keep_hidden)
    lines = text.text.count("\n") + (not text.text.endswith("\n"))
    detail = f"text, {lines} {'line' if lines == 1 else 'lines'}, {size(len(data))}"
    block = DocumentBlock.plain(text.text, name)
    return Attachment(block, name, FileKind.TEXT, detail, text.tokens, text.note)


def _from_url(spec: str) -> Attachment:
    url = checked_url(spec)
    kind, name = url_kind(url), shown(url_name(url))
    block: AttachedBlock = (
        ImageBlock.url(url) if kind is FileKind.IMAGE else DocumentBlock.url(url, name)
    )
    return Attachment(block, name, kind, f"{kind.value} by address", None, "fetched by the service")


def _with_link_note(attached: Attachment, path: str) -> Attachment:
    if not Path(path).is_symlink():
        return attached
    link = f"link to {shown(os.path.realpath(path))}"
    note = "; ".join(filter(None, (link, attached.note)))
    return replace(attached, note=note)
