"""What a step back or forth changed, in words. To tell of more, add a part to `changed_words`."""

from collections.abc import Iterable, Iterator

from chatrepl.core.talk.conversation import Conversation, TurnId


def changed_words(before: Conversation, after: Conversation) -> str:
    """Say how `after` differs from `before`, as a step of undo or redo made it."""
    sentences = [
        *_path(before, after),
        *_system(before, after),
        *_standings(before, after),
        *_branches(before, after),
    ]
    return " ".join(sentences)


def _path(before: Conversation, after: Conversation) -> Iterator[str]:
    old, new = _ids(before), _ids(after)
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    if same is not None:
        yield f"From turn {same + 1} on it is the other branch again."
    elif len(new) < len(old):
        yield _turns(range(len(new) + 1, len(old) + 1), "taken back")
    elif len(new) > len(old):
        yield _turns(range(len(old) + 1, len(new) + 1), "back")
    if old != new:
        count = len(new)
        yield turns_now(count)


def turns_now(count: int) -> str:
    """Say how many turns there are, after a step."""
    if not count:
        return "The conversation is empty again."
    return f"The conversation has {count} {'turn' if count == 1 else 'turns'} now."


def _system(before: Conversation, after: Conversation) -> Iterator[str]:
    old, new = before.system, after.system
    if old != new and not new:
        yield "There is no system prompt any more."
    elif old != new:
        yield "The other system prompt is back." if old else "The system prompt is back."


def _standings(before: Conversation, after: Conversation) -> Iterator[str]:
    changed: dict[tuple[str, str], list[int]] = {}
    for number, id_ in enumerate(_ids(after), 1):
        was, is_ = before.state.standing(id_), after.state.standing(id_)
        if was != is_:
            changed.setdefault((was, is_), []).append(number)
    for (old, new), numbers in changed.items():
        if new:
            yield _turns(numbers, f"{new} again")
        else:
            yield _turns(numbers, "no longer pinned" if old == "pinned" else "sent again")


def _branches(before: Conversation, after: Conversation) -> Iterator[str]:
    old, new = before.state.branches, after.state.branches
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"The branch {name} is gone."
        elif name not in old:
            yield f"The branch {name} is back."
        elif old[name] != new[name]:
            yield f"The branch {name} is moved back."


def _ids(conversation: Conversation) -> tuple[TurnId, ...]:
    return tuple(turn.id for turn in conversation.path())


def _turns(numbers: Iterable[int], what: str) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    named = ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
    one = len(runs) == 1 and len(runs[0]) == 1
    return f"Turn {named} is {what}." if one else f"Turns {named} are {what}."
