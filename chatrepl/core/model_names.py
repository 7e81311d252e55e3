"""A model's name as people write it: a part of an id, one that is new, or a slip of the pen."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from chatrepl.core.errors import UsageError
from chatrepl.core.models import LINES, TABLE, Model, find, undated

# Ids as the service forms them: a name before the version, or, up to 3.7, after it.
_VERSION: Final = r"\d(-\d)?"
_SUFFIX: Final = r"(-\d{8}|-latest|-preview)?"
_NEW_FORM: Final = rf"claude-([a-z]+)-{_VERSION}{_SUFFIX}"
_OLD_FORM: Final = rf"claude-{_VERSION}-([a-z]+){_SUFFIX}"
_MOST_NAMED: Final = 3
_LISTED: Final = "/models lists what there is."
DEFAULT: Final = "default"


Liberty: TypeAlias = Literal["none", "foreign", "any"]


def resolve(part: str, table: Mapping[str, Model] = TABLE, *, liberty: Liberty = "none") -> str:
    """Complete a part of a model's name to its id: the only match, or the newest of a line.

    What matches nothing is an id of its own where it may be one: in the form of the service's ids,
    or a foreign one with `/` or `:`; on a server of another kind (`liberty`) whatever names no
    line with a slip, or anything.
    Raises UsageError where several models match, or none and it looks misspelt.
    """
    low = part.strip().casefold()
    for full in (part, low, f"claude-{low}"):
        if full in table or undated(full) in table or find(full).lifecycle:
            return full
    matches = [id_ for id_ in table if low and low in id_]
    if len(matches) == 1 or (matches and low in LINES):
        return matches[0]
    if liberty == "any" or not low or re.search(r"[/:]", low) or _may_be_new(low):
        return part
    if liberty == "foreign" and not matches and not any(map(_line, _words(low))):
        return part
    if matches:
        raise UsageError(f"{part} could be any of {', '.join(matches)}.", "Write more of the name.")
    near = nearest_models(part, table)
    raise UsageError(
        f"There is no model {part}.",
        f"{_offer(part, near)} /model! {part} takes it as it is." if near else _LISTED,
    )


def _offer(part: str, near: tuple[str, ...]) -> str:
    """Name the model that was hardly misspelt; several where the line is not told."""
    is_slip = any(map(_line, _words(part.casefold())))
    return f"Did you mean {near[0]}?" if is_slip else f"There are {', '.join(near)}."


def resolve_all(
    parts: tuple[str, ...], table: Mapping[str, Model] = TABLE, *, liberty: Liberty = "none"
) -> tuple[str, ...]:
    """Complete several names; `default` alone is the service's choice. Raises UsageError."""
    if parts == (DEFAULT,):
        return parts
    return tuple(resolve(part, table, liberty=liberty) for part in parts)


def _may_be_new(id_: str) -> bool:
    """Tell whether the service may have a model of that id that nobody here heard of.

    A line's name must be spelt right; a name that is near to none may be a new line.
    """
    if not id_.startswith("claude-"):
        return False
    formed = re.fullmatch(_NEW_FORM, id_) or re.fullmatch(_OLD_FORM, id_)
    words = _words(id_.removeprefix("claude-"))
    if formed is not None:
        return all(word in LINES or not _line(word) for word in words)
    return bool(words) and not any(map(_line, words))


def nearest_models(part: str, table: Mapping[str, Model] = TABLE) -> tuple[str, ...]:
    """Name the models that may have been meant: of the line that is named, else of each the newest.

    The nearest comes first.
    """
    spelt = re.sub(r"[^a-z0-9]+", "-", part.strip().casefold())[:100]
    line = next(filter(None, map(_line, _words(spelt))), "")
    if not line:
        return tuple(_newest(table))
    ids = [id_ for id_ in table if line in id_]
    version = re.findall(r"\d+", spelt)
    same = [id_ for id_ in ids if re.findall(r"\d+", id_) == [d for v in version for d in v]]
    return tuple(dict.fromkeys((*same, *ids)))[:_MOST_NAMED]


def _words(id_: str) -> list[str]:
    return re.findall("[a-z]+", id_)


def _line(word: str) -> str:
    """Find the line that a word names, maybe with a slip."""
    import difflib

    near = difflib.get_close_matches(word, LINES, n=1, cutoff=0.7)
    return near[0] if near else ""


def _newest(table: Mapping[str, Model]) -> Iterator[str]:
    for line in LINES:
        yield from [id_ for id_ in table if line in id_][:1]
