"""The one message of a single shot: words, standard input and attachments put together."""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chatrepl.cli.options import Options
from chatrepl.cli.stdin import Piped
from chatrepl.config.file import read_text
from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.view import framed
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.words import hidden_words
from chatrepl.session.held_keys import held_keys, in_words, unsent
from chatrepl.session.session import Session
from chatrepl.shells.mutter import mutter
from chatrepl.terminal.sanitize.text import one_line

if TYPE_CHECKING:
    from chatrepl.attachments.attach import Attachment
    from chatrepl.core.exchange.form import Form
    from chatrepl.core.rows import Column

_MOST_BYTES = 4  # of a character
USAGE = "usage: chatrepl [OPTIONS] [PROMPT]...   (chatrepl --help says more)"


def compose(options: Options, session: Session, piped: Piped | None) -> Message:
    """Make the message that is sent. Raises UsageError where there is nothing to ask."""
    text = piped.text if piped is not None and "-" not in options.attach else ""
    prompt = " ".join(options.prompt) if options.template is None else "".join(options.prompt)
    if "@" in prompt and not options.quiet:
        _tell_mentions(prompt, options)
    session.stage(*attached(options, session, piped))
    if text and not session.settings.keep_hidden:
        text = _seen(text, options)
    if options.template is not None and len(options.prompt) > 1:
        text = _placed(text, options)
    elif prompt.strip() and text.strip():
        text = f"{framed(text.rstrip(chr(10)), 'stdin')}\n\n{prompt}"
    elif prompt.strip():
        text = prompt
    if not text.strip() and not session.next.staged:
        own = options.template
        why = "no prompt was given" if own is None else f"-T {own} has no text"
        raise UsageError(f"There is no question: {why}.", USAGE)
    message = session.compose(text if text.strip() else "")
    _weigh(session, message)
    return message


def _weigh(session: Session, message: Message) -> None:
    """Weigh what is so long that it may not fit: a token has at least one byte."""
    window = session.model.context_window
    texts = [block.text for block in message.content if isinstance(block, TextBlock)]
    texts += [block.text for block in message.content if isinstance(block, DocumentBlock)]
    if window is None or sum(map(len, texts)) * _MOST_BYTES <= window:
        return
    from chatrepl.cli.weighing import weigh

    weigh(session, texts, window)


def _placed(text: str, options: Options) -> str:
    """Put standard input into its places in a command of one's own. Raises UsageError."""
    if not text.strip():
        what = f"-T {options.template} takes what a pipe brings, and nothing came."
        raise UsageError(what, f"git diff | chatrepl -T {options.template}")
    return text.rstrip("\n").join(options.prompt)


def _tell_mentions(prompt: str, options: Options) -> None:
    """Say of files in PROMPT that they are text there: a script may have put them in."""
    from chatrepl.attachments.mentions import find_mentions

    for mention in find_mentions(prompt):
        if mention.path in options.attach:
            continue
        path = one_line(mention.path)
        mutter(sys.stderr, f"chatrepl: @{path} is sent as text; -a {path} attaches the file.")


def _seen(text: str, options: Options) -> str:
    """Leave out what nobody sees, and say so."""
    clean, hidden = without_hidden(text)
    if hidden and not options.quiet:
        mutter(sys.stderr, f"chatrepl: stdin: {hidden_words(hidden)} left out")
    return clean


def look_for_keys(
    options: Options, session: Session, message: Message, own: Iterable[str] = ()
) -> None:
    """Say where what is sent seems to hold a key. Raises UsageError where that is not meant."""
    held = held_keys((message, *unsent(session)), own)
    if not held:
        return
    if not (options.yes_secrets or options.dry_run):
        raise UsageError(in_words(held), "Nothing was sent; --yes-secrets sends it all the same.")
    then = "--yes-secrets would send it" if not options.yes_secrets else "it is sent"
    mutter(sys.stderr, f"chatrepl: {in_words(held)[:-1]}; {then}.")


def form_of(options: Options) -> "Form | None":
    """Give the form of the reply that is asked for, if one is. Raises UsageError."""
    if options.schema is None and options.choose is None and options.rows is None:
        return None
    from chatrepl.pages.reply_form import choice_form, rows_form, schema_form

    if options.rows is not None:
        return rows_form(columns_of(options))
    if options.choose is not None:
        return choice_form((options.choose,), "--choose")
    return schema_form(options.schema or "", "--schema", read_text)


def columns_of(options: Options) -> "tuple[Column, ...]":
    """Read the columns of the rows that are asked for. Raises UsageError."""
    from chatrepl.core.rows import parse_columns

    return parse_columns(options.rows or "", "--rows")


def check_of(options: Options, form: "Form | None") -> Callable[[Any], str | None] | None:
    """Give what says where a reply's value departs from what was asked for, if anything was."""
    if form is None:
        return None
    if options.rows is not None:
        from chatrepl.core.rows import rows_violation

        columns = columns_of(options)
        return lambda value: rows_violation(columns, value)
    from chatrepl.pages.reply_form import check_of as check_schema

    return check_schema(form)


def attached(options: Options, session: Session, piped: Piped | None) -> "tuple[Attachment, ...]":
    """Attach what the command line names, and say so. Raises AttachmentError and UsageError."""
    specs = list(options.attach)
    if "-" in specs and piped is None:
        raise UsageError("-a - reads standard input, which is the keyboard here.")
    if piped is not None and piped.data and "-" not in specs:
        specs.append("-")
    if not specs:
        return ()
    from chatrepl.attachments.attach import load_all

    data = b"" if piped is None else piped.data or piped.text.encode()
    files = load_all(specs, data, session.model, keep_hidden=session.settings.keep_hidden)
    if not (options.quiet or session.interactive):  # a chat shows them under the message
        for item in files:
            mutter(sys.stderr, item.line)
    return files
