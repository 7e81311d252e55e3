"""The text inside a block as HTML: the marks that the screen shows as styles, and nothing else.

No tag and no address comes from the text itself: tags are ours, texts are escaped, and a link is
one only where it leads to a web page or to somebody's mail.
"""

import html
import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote

from markdown_it.token import Token

from chatrepl.terminal.markdown.inline import NOTE, is_plain, pairs, tokens_of
from chatrepl.terminal.sanitize.text import display

_OPENS: Final = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f]+\Z", re.IGNORECASE)
_TAGS: Final = {
    "b": "strong", "i": "em", "s": "del", "u": "em", "strong": "strong", "em": "em", "del": "del",
    "kbd": "kbd", "code": "code", "mark": "mark", "sub": "sub", "sup": "sup",
}  # fmt: skip
_BREAK: Final = "<br>\n"


def safe(text: str) -> str:
    """Make foreign text safe to stand in a page, in an attribute too; what is hidden is shown."""
    return html.escape(display(text))


def note_id(label: str) -> str:
    """Name the place of a note in a page."""
    return f"note-{quote(label.casefold(), safe='')}"


def link(address: str, inner: str) -> str:
    """Write a link around what is HTML already; where it leads nowhere good, name the address."""
    if _OPENS.match(address):
        bare = ' class="bare"' if inner == safe(address) else ""
        return f'<a{bare} href="{safe(address)}" rel="noreferrer noopener">{inner}</a>'
    return f"{inner} ({safe(address)})" if address and safe(address) != inner else inner


def inline_html(text: str, references: Mapping[str, Any], notes: Collection[str]) -> str:
    """Write a block's text; `notes` are the labels that a mark may lead to."""
    if is_plain(text):
        return safe(text).replace("\n", _BREAK)
    return _Spans(notes).write(tokens_of(text, references))


class _Spans:
    """One pass over the tokens of a text."""

    def __init__(self, notes: Collection[str]) -> None:
        self._notes = notes
        self._links: list[tuple[str, int]] = []
        self._out: list[str] = []

    def write(self, tokens: list[Token]) -> str:
        paired = pairs(tokens, _TAGS)
        for index, token in enumerate(tokens):
            self._token(token, paired=index in paired)
        return "".join(self._out)

    def _token(self, token: Token, *, paired: bool) -> None:
        match token.type:
            case "text" | "text_special":
                self._text(token.content)
            case "softbreak" | "hardbreak":
                if self._out[-1:] != [_BREAK]:
                    self._out.append(_BREAK)
            case "code_inline" | "math":
                kind = ' class="math"' * (token.type == "math")
                self._out.append(f"<code{kind}>{safe(token.content)}</code>")
            case "link_open":
                self._links.append((str(token.attrs.get("href", "")), len(self._out)))
            case "link_close":
                address, begin = self._links.pop()
                self._out[begin:] = [link(address, "".join(self._out[begin:]))]
            case "image":
                self._image(token)
            case "html_inline":
                self._html(token.content, paired=paired)
            case _ if name := {"strong": "strong", "em": "em", "s": "del"}.get(token.tag):
                self._out.append(f"<{'/' * (token.nesting < 0)}{name}>")
            case _:
                self._out.append(safe(token.content))

    def _text(self, text: str) -> None:
        for position, part in enumerate(NOTE.split(text)):
            if position % 2:
                mark = f"[{safe(part)}]"
                leads = part.casefold() in self._notes and not self._links
                inner = f'<a href="#{note_id(part)}">{mark}</a>' if leads else mark
                self._out.append(f"<sup>{inner}</sup>")
            elif part:
                self._out.append(safe(part))

    def _image(self, token: Token) -> None:
        """Name a picture from elsewhere: a page that is sent on asks no server for anything."""
        source = str(token.attrs.get("src", ""))
        alt = safe("".join(child.content for child in token.children or ()) or source)
        self._out.append(f"image: {alt if self._links else link(source, alt)}")

    def _html(self, tag: str, *, paired: bool) -> None:
        name = "".join(filter(str.isalpha, tag)).casefold()
        if name == "br":
            self._out.append(_BREAK)
        elif paired:
            self._out.append(f"<{'/' * tag.startswith('</')}{_TAGS[name]}>")
        else:
            self._out.append(safe(tag))
