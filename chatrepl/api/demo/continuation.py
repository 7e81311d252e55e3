"""Go on with a text that has begun: a prefill, an emulated prefill, a reply that was cut."""

import json
import re

from chatrepl.api.demo.command import PrefillBehaviour

_JSON_ENDS = (
    "", "}", "]", '"}', '"]', "]}", '"]}', '"demo"}', ' "demo"}', ': "demo"}', '"answer": "demo"}',
    '"demo"]', ' "demo"]', ', "demo": true}', "true}", "1}", "1]", '": "demo"}', '"demo"]}', "}}",
    '"}}', '"demo"}}', "}]", '"}]', '"demo"}]', '"answer": "demo"}]', '"answer": "demo"}}',
)  # fmt: skip
_PROSE = (
    " and from here the demo engine goes on, since the words before these were yours.\n\n"
    "A prefill sets the **form** of a reply: its language, its first words, the bracket of its "
    "JSON. The reply continues it without a seam."
)
_CODE = "\n    return 42  # the demo engine continues the code you began\n```\n"


def rest_of(full: str, said: str) -> str:
    """Return what follows `said`: the rest of `full` where it begins so, else something fitting."""
    for begun in (said, said.rstrip()):
        if begun and full.startswith(begun) and len(full) > len(begun):
            rest = full[len(begun) :]
            return rest.removeprefix(said[len(begun) :])
    return _fitting(said)


def _fitting(said: str) -> str:
    if said.lstrip()[:1] in {"{", "["}:
        for end in _JSON_ENDS:
            try:
                json.loads(said + end)
            except ValueError:
                continue
            if end:
                return end
    if said.count("```") % 2:
        return _CODE
    return (
        _PROSE.lstrip() if not said or said[-1].isspace() or said[-1] in "([{\"'“‘«*_`" else _PROSE
    )


def begin_with(prefill: str, rest: str, behaviour: PrefillBehaviour) -> str:
    """Return a reply that was told to begin with `prefill`, as models do or fail to do it."""
    if behaviour is PrefillBehaviour.OMIT:
        return rest
    if behaviour is PrefillBehaviour.WHITESPACE:
        return "\n" + re.sub(r"\s+", _other_space, prefill.strip()) + rest
    return prefill + rest


def _other_space(match: re.Match[str]) -> str:
    return " " if "\n" in match.group() else "\n"


def last_words(text: str, count: int) -> str:
    """Return the last `count` words of a text with the space between them."""
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    return text[starts[-min(count, len(starts))] :] if starts and count else ""
