"""What is set for the next message and is no part of the conversation yet."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from chatrepl.core.talk.blocks import Block
from chatrepl.core.talk.conversation import Conversation, TurnId
from chatrepl.core.value import frozen

if TYPE_CHECKING:  # what a single shot does not need before its request is under way
    from chatrepl.attachments.attach import Attachment
    from chatrepl.core.exchange.form import Form


@frozen
class NextMessage:
    """What goes with the next message, and how its reply is to be.

    `prefill` begins the next reply, `pinned_prefill` every one that has none of its own. `base` is
    what the message follows, where that is not the conversation: a question is being edited. The
    next text `rewrites` the reply of that turn, where one is being changed.
    """

    staged: "tuple[Attachment, ...]" = ()
    prefill: str = ""
    pinned_prefill: str = ""
    form: "Form | None" = None
    base: Conversation | None = None
    rewrites: TurnId | None = None

    @property
    def begins_with(self) -> str:
        """The text that the next reply begins with; empty where the model begins it."""
        return self.prefill or self.pinned_prefill

    @property
    def edits(self) -> bool:
        """Whether what is typed next takes the place of something that was said."""
        return self.base is not None or self.rewrites is not None

    def without(self, blocks: Iterable[Block]) -> Self:
        """Take the staged files back that these very blocks were made of."""
        gone = set(map(id, blocks))
        left = (item for item in self.staged if gone.isdisjoint(map(id, item.blocks)))
        return replace(self, staged=tuple(left))

    def filled(self, other: "NextMessage") -> Self:
        """Take over what is not set here; what is staged there comes after what is staged here."""
        return replace(
            self,
            staged=(*self.staged, *other.staged),
            prefill=self.prefill or other.prefill,
            pinned_prefill=self.pinned_prefill or other.pinned_prefill,
            form=self.form or other.form,
        )
