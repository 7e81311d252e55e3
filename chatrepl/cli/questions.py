"""What is asked about each item: the templates of the command line, filled."""

import sys
from dataclasses import dataclass, field

from chatrepl.cli.options import Options
from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.request import is_large
from chatrepl.core.items import Item, Template, check_fields
from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import scrub
from chatrepl.session.held_keys import held_keys, in_words, unsent
from chatrepl.session.session import Session
from chatrepl.shells.attempt import ItemQuestion, fork
from chatrepl.shells.mutter import mutter


@dataclass(slots=True)
class Questions:
    """Makes a question of an item.

    `files` go with every question; `own` are keys of the user's. `hidden` counts what nobody sees
    and was left out of items.
    """

    options: Options
    session: Session
    files: tuple[Block, ...] = ()
    own: tuple[str, ...] = ()
    hidden: int = 0
    prompt: Template = field(init=False)
    system: Template = field(init=False)
    prefill: Template = field(init=False)

    def __post_init__(self) -> None:
        """Read the templates. What the settings say of a system prompt is no template."""
        options, session = self.options, self.session
        system = session.system
        said = options.system is not None
        self.system = Template.parse(system) if said else Template((system,))
        self.prefill = Template.parse(options.prefill or "")
        self.prompt = self._prompt(scrub(" ".join(options.prompt)))

    def _prompt(self, text: str) -> Template:
        """Read the prompt; an item that it has no place for comes last. A file is attached."""
        prompt = Template.parse(text)
        varies = any(one.varies for one in (prompt, self.system, self.prefill))
        if varies or (self.options.each_file and text.strip()):
            return prompt
        between = "\n\n" if text.strip() else ""
        return Template.parse(f"{text}{between}{{}}") if not self.options.each_file else prompt

    @property
    def templates(self) -> tuple[Template, ...]:
        return self.prompt, self.system, self.prefill

    @property
    def named(self) -> bool:
        """Tell whether fields of items are asked for."""
        return bool(self.options.expect) or any(one.names for one in self.templates)

    def check(self, item: Item) -> None:
        """Refuse an item that cannot be asked about. Raises UsageError."""
        expected = (self.options.expect,) if self.options.expect else ()
        check_fields(item, self.templates, *expected)

    def __call__(self, item: Item) -> ItemQuestion:
        """Make the question of an item. Raises ChatreplError."""
        self.check(item)
        session = fork(self.session, self.system.fill(item), self.prefill.fill(item))
        blocks, head = self._blocks(item)
        message = Message("user", blocks)
        self._look_for_keys(message, session)
        return ItemQuestion(item, session, message, head, not self.system.varies)

    def _blocks(self, item: Item) -> tuple[tuple[Block, ...], int]:
        """Give the message's blocks, and how many of them all questions begin with."""
        head = self.prompt.head()
        rest = self._seen(self.prompt.fill(item)[len(head) :])
        own = self._own_file(item)
        if (self.prompt.varies or own) and self._pays(head):
            tail = (TextBlock(rest),) if rest.strip() else ()
            return (*self.files, TextBlock(head), *own, *tail), len(self.files) + 1
        text = (TextBlock(head + rest),) if (head + rest).strip() else ()
        return (*self.files, *own, *text), len(self.files)

    def _pays(self, head: str) -> bool:
        """Tell whether the cache takes what is the same in all questions."""
        least = self.session.model.cache_minimum
        return bool(head.strip()) and (
            bool(self.files) or is_large(self.session.system + head, least)
        )

    def _own_file(self, item: Item) -> tuple[Block, ...]:
        if not item.path:
            return ()
        from chatrepl.attachments.attach import load_all

        keep = self.session.settings.keep_hidden
        attached = load_all([item.path], b"", self.session.model, keep_hidden=keep)
        return tuple(block for file in attached for block in file.blocks)

    def _seen(self, text: str) -> str:
        if self.session.settings.keep_hidden or text.isascii():
            return text
        clean, hidden = without_hidden(text)
        self.hidden += hidden
        return clean

    def _look_for_keys(self, message: Message, session: Session) -> None:
        """Raises UsageError where what is sent seems to hold a key and that is not meant."""
        held = held_keys((message, *unsent(session)), self.own)
        if not held:
            return
        words = in_words(held)
        if not self.options.yes_secrets:
            raise UsageError(words, "It was not sent; --yes-secrets sends it.")
        if self.session.announce(words):
            mutter(sys.stderr, f"chatrepl: {words[:-1]}; it is sent.")
