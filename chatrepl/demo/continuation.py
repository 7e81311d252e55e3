"""Go on with a text that has begun: a prefill, an emulated prefill, a reply that was cut."""

import json
import re

from chatrepl.demo.command import PrefillBehaviour

_JSON_ENDS = (
    "", "}", "]", '"}', '"]', "]}", '"]}', '"demo"}', ' "demo"}', ': "demo"}', '"answer": "demo"}',
    '"demo"]', ' "demo"]', ', "demo": true}', "true}", "1}", "1]", '": "demo"}', '"demo"]}', "}}",
    '"}}', '"demo"}}', "}]", '"}]', '"demo"}]', '"answer": "demo"}]', '"answer": "demo"}}',
)  # fmt: skip
_CODE = "\n    return 42  # the demo engine continues the code you began\n```\n"
_BRIDGE = ", which is how you began; the demo engine goes on:\n\n"
_SEAM = 24  # characters that are enough to know a text again


def rest_of(full: str, said: str) -> str:
    """Return what follows `said`: the rest of `full` where it begins so, else something fitting."""
    for begun in (said, said.rstrip()):
        if begun and full.startswith(begun) and len(full) > len(begun):
            rest = full[len(begun) :]
            return rest.removeprefix(said[len(begun) :])
    place = said.find(full[:_SEAM]) if len(full) >= _SEAM else -1
    if place > 0 and full.startswith(said[place:]) and len(full) > len(said) - place:
        return full[len(said) - place :]
    return _fitting(full, said)


def _fitting(full: str, said: str) -> str:
    """Return a continuation of a beginning that is not ours: JSON, code, or the answer after it."""
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
    answer = full.lstrip() or "That was all of it.\n"
    if not said or said[-1].isspace():
        return answer
    if said[-1].isalnum():
        return _BRIDGE + answer
    return "\n\n" + answer if said[-1] in ".,:;!?…" else answer


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
