"""The open end of a text, made to look as it will: for previews only, never for what is final.

While a reply comes, `**bold` is bold before its end is there, and half an address is not shown.
"""

import re

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.DOTALL)
_OPEN_CODE = re.compile(r"(?<!`)(`+)(?!`)")
_MARKS = re.compile(r"(?<![\\*])(\*{1,3}|~~)(?!\*)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*$")


def close_open(text: str) -> str:
    """Close the emphasis and the code that are open at the end of a text."""
    text = _LINK.sub(r"\1", text)
    bare = _CODE.sub(lambda found: "x" * len(found.group()), text)
    if opened := _OPEN_CODE.search(bare):
        if opened.end() == len(text):
            return _close_marks(text[: opened.start()], bare[: opened.start()])
        return text + opened.group()
    return _close_marks(text, bare)


def _close_marks(text: str, bare: str) -> str:
    """Close what is open; `bare` is the text without its code, of the same length."""
    stack: list[str] = []
    for found in _MARKS.finditer(bare):
        mark = found.group()
        before = bare[found.start() - 1 : found.start()] or " "
        after = bare[found.end() : found.end() + 1]
        if stack and stack[-1] == mark and not before.isspace():
            stack.pop()
        elif not after:
            text = text[: found.start()]  # it just came: nothing stands in it yet
        elif not after.isspace() and not before.isalnum():
            stack.append(mark)
    return text.rstrip(" ") + "".join(reversed(stack)) if stack else text
