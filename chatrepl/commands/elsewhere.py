"""What commands are called elsewhere: who comes from another program types its names first."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from chatrepl.core.settings import OPTIONS

_LIKENESS: Final = 0.7  # of a name that is offered for one that is none
_ROWS: Final = """
clear: reset restart start begin forget
exit: bye close leave x
load: open switch
sessions: chats conversations threads list ls
save: name rename title store
delete: remove rm
history: messages transcript show view
undo: back revert rollback
retry: again
continue: more proceed
branch: fork checkpoint
btw: ask aside side
image: add upload read
system: role persona prompt character instructions agent agents
model: llm engine
think: thinking reasoning reason
context: status info stats
usage: bill spending budget
truncate: trim shorten prune
compact: summary
tools: functions permissions
commands: macro macros template templates snippets prompts skills
editor: compose
export: print share dump write
search: find grep
set: settings options option
set temperature: temp
set editing_mode: vim vi emacs
doctor: login key apikey debug bug health
help: man keys shortcuts
"""
ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: ours
        for ours, _, names in (row.partition(": ") for row in _ROWS.strip().splitlines())
        for name in names.split()
    }
)


def meant(word: str, names: Iterable[str]) -> str:
    """Tell which command a word that is none stands for, or which setting; empty for neither."""
    if ours := ELSEWHERE.get(word.casefold()):
        return ours
    if (key := word.casefold().replace("-", "_")) in OPTIONS:
        return f"set {key}"
    small = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold(), small, n=1, cutoff=_LIKENESS)
    return small[near[0]] if near else ""
