"""A long message of a single shot, weighed before it is sent: what cannot fit costs no upload.

Only samples are counted: a message of thirty megabytes would keep the tokenizer busy for long.
"""

from collections.abc import Iterable
from typing import Final

from chatrepl.attachments.safe_read import size
from chatrepl.core.errors import ChatreplError
from chatrepl.core.models import Model
from chatrepl.core.words import compact
from chatrepl.session.session import Session

_SAMPLES: Final = 32
_SAMPLE_CHARS: Final = 2_000
_DOUBT: Final = 1.2  # what a sample and our count of tokens may be wrong by


def weigh(session: Session, texts: Iterable[str], window: int) -> None:
    """Refuse texts that surely do not fit into the model's window. Raises ChatreplError, exit 5."""
    texts = tuple(texts)
    tokens = sum(_tokens(session, text, session.model) for text in texts)
    if tokens <= window * _DOUBT:
        return
    count = sum(len(text.encode("utf-8", "replace")) for text in texts)
    raise ChatreplError(
        f"This is too large: ~{compact(tokens)} tokens ({size(count)}), "
        f"and {session.model.id} takes {compact(window)}.",
        "Nothing was sent. Send a part of it, for example through head -c.",
        exit_code=5,
    )


def _tokens(session: Session, text: str, model: Model) -> int:
    """Estimate the tokens of a text by those of pieces spread over it."""
    if len(text) <= _SAMPLES * _SAMPLE_CHARS:
        return session.ledger.text(text, model).tokens
    step = len(text) // _SAMPLES
    pieces = (text[at : at + _SAMPLE_CHARS] for at in range(0, step * _SAMPLES, step))
    counted = session.ledger.text("\n".join(pieces), model).tokens
    return counted * len(text) // (_SAMPLES * _SAMPLE_CHARS)
