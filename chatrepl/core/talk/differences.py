"""What a step back or forth changed, in words. To tell of more, add a part to `changed_words`."""

from collections.abc import Iterable, Iterator

from chatrepl.core.talk.conversation import Conversation, Mark, TurnId


def changed_words(before: Conversation, after: Conversation) -> str:
    """Say how `after` differs from `before`, as a step of undo or redo made it."""
    sentences = [
        *_path(before, after),
        *_system(before, after),
        *_marks(before, after),
        *_summary(before, after),
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


def _marks(before: Conversation, after: Conversation) -> Iterator[str]:
    old, new = before.state.marks, after.state.marks
    changed: dict[tuple[Mark | None, Mark | None], list[int]] = {}
    for number, id_ in enumerate(_ids(after), 1):
        if old.get(id_) != new.get(id_):
            changed.setdefault((old.get(id_), new.get(id_)), []).append(number)
    for (was, is_), numbers in changed.items():
        if is_ is not None:
            yield _turns(numbers, f"{is_} again")
        else:
            yield _turns(numbers, "sent again" if was == "dropped" else "no longer pinned")


def _summary(before: Conversation, after: Conversation) -> Iterator[str]:
    old, new = before.state.summary, after.state.summary
    if old != new and new is None:
        yield "The summary is taken back; the turns that it stood for are sent again."
    elif old != new:
        yield "The summary stands for older turns again."


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
