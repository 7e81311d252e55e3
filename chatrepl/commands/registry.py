"""Slash commands: a function, its signature and its docstring are the whole definition.

Name, aliases, typed arguments, usage line, help, completion and the README's table are read off
one decorated function. To add a command, write such a function in the module of its group; to add
a kind of argument, write a `ArgKind` and name it in an `Annotated` hint.
"""

import inspect
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

from chatrepl.commands.menu import MENU
from chatrepl.core.errors import UsageError
from chatrepl.core.numbers import whole
from chatrepl.core.outcome import Outcome
from chatrepl.core.typed_words import escaped, unescaped, words_of
from chatrepl.core.value import frozen
from chatrepl.session.session import Session

Offers: TypeAlias = Iterable[str | tuple[str, str]]
Group: TypeAlias = Literal["conversation", "next reply", "context", "saved", "settings", "program"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)


@frozen
class ArgKind:
    """How one type of argument is read and completed; `rest` takes the line's end as typed.

    `to_end` keeps also the blanks there. `by_word` completes the last word of such an end, and not
    all of it.

    What is offered is a text, or a text and what it means. `given` completes where the arguments
    before it decide what is offered. `values` are all that it may be, where they are few; else
    `what` says what it may be.
    """

    parse: Callable[[str], Any] = str
    complete: Callable[[Session, str], Offers] = lambda _session, _text: ()
    rest: bool = False
    to_end: bool = False
    by_word: bool = False
    given: Callable[[Session, Sequence[str], str], Offers] | None = None
    values: tuple[str, ...] = ()
    what: str = ""

    def fits(self, text: str) -> bool:
        """Tell whether a text is one of these."""
        try:
            self.parse(text)
        except ValueError:
            return False
        return True


def _count(text: str) -> int:
    number = whole(text)
    if number < 1:
        raise ValueError(text)
    return number


Rest = Annotated[str, ArgKind(rest=True)]
CountArg = Annotated[int, ArgKind(_count, what="a number from 1 on")]
_KINDS: Mapping[Any, ArgKind] = MappingProxyType(
    {str: ArgKind(), int: ArgKind(whole, what="a number")}
)


@frozen
class Command:
    """One slash command, as its definition tells it."""

    name: str
    aliases: tuple[str, ...]
    group: Group
    run: Callable[..., Outcome]
    params: tuple[inspect.Parameter, ...]
    kinds: tuple[ArgKind, ...]
    help: str
    forces: bool

    @property
    def usage(self) -> str:
        """The line that shows what it takes."""
        return " ".join([f"/{self.name}", *(_show(p) for p in self.params)])

    @property
    def summary(self) -> str:
        """The first sentence of its help."""
        return self.help.split("\n\n", maxsplit=1)[0].replace("\n", " ")

    def call(self, session: Session, text: str, *, force: bool = False) -> Outcome:
        """Run it on what was typed after its name. Raises UsageError where that does not fit."""
        if force and not self.forces:
            raise UsageError(f"/{self.name} has nothing to confirm.", f"usage: {self.usage}")
        values = self._values(text)
        return self.run(session, *values, **({"force": True} if force else {}))

    def complete(self, session: Session, text: str) -> Offers:
        """Offer values for the last word of `text`, which follows the name."""
        words = [unescaped(word) for word in words_of(text)] if self._splits else text.split(" ")
        kind = self._kind(len(words) - 1)
        if kind is None:
            return ()
        if kind.given is not None:
            return kind.given(session, words[:-1], words[-1])
        typed = text if not self._splits and len(self.kinds) == 1 else words[-1]
        return kind.complete(session, typed)

    def last_word(self, text: str) -> str:
        """Give the part of `text` that a completion replaces."""
        if self._splits:
            return words_of(text)[-1]
        return text if len(self.kinds) == 1 else text.rsplit(" ", maxsplit=1)[-1]

    def written(self, value: str) -> str:
        """Write a value as it is to be typed."""
        return escaped(value) if self._splits else value

    @property
    def _splits(self) -> bool:
        """Whether blanks part all that is completed, and are escaped inside of a word."""
        return not any(kind.rest and not kind.by_word for kind in self.kinds)

    def _values(self, text: str) -> list[Any]:
        words: Sequence[str] = ()
        to_end = any(kind.to_end for kind in self.kinds)
        try:
            words = self._words(text.lstrip() if to_end else text.strip())
            inspect.Signature(list(self.params)).bind(*words)  # too few, too many?
            return [self._parse(i, word) for i, word in enumerate(words)]
        except (TypeError, ValueError):
            raise self._unfit(words) from None

    def _unfit(self, words: Sequence[str]) -> UsageError:
        """Say what a command takes instead of what was typed."""
        usage = f"usage: {self.usage}"
        for param, kind, word in zip(self.params, self.kinds, words, strict=False):
            if kind.values and word not in kind.values:
                either = "nothing, or " if param.default is None else ""
                return UsageError(f"/{self.name} takes {either}{_listed(kind.values)}.", usage)
        if reason := self._misfit(words):
            return UsageError(reason, usage)
        return UsageError(usage, f"/help {self.name} tells more.")

    def _misfit(self, words: Sequence[str]) -> str:
        """Say in what way words are too few, too many, or no numbers; empty for any other."""
        if not self.params:
            return f"/{self.name} takes nothing."
        many = inspect.Parameter.VAR_POSITIONAL
        needed = [p for p in self.params if p.default is p.empty and p.kind is not many]
        if len(words) < len(needed):
            return f"/{self.name} needs {_name(needed[len(words)])}."
        for param, kind, word in zip(self.params, self.kinds, words, strict=False):
            if kind.what and not kind.fits(word):
                return f"{_name(param)} is {kind.what}."
        last = self.kinds[-1]
        is_too_long = last.parse is str and len(words) > len(self.kinds)
        return f"{_name(self.params[-1])} is one word." if is_too_long else ""

    def _parse(self, i: int, word: str) -> Any:
        kind = self._kind(i)
        return word if kind is None else kind.parse(word)

    def _words(self, text: str) -> list[str]:
        at = next((i for i, kind in enumerate(self.kinds) if kind.rest), None)
        if at is None:
            try:
                return shlex.split(text)
            except ValueError:
                if '"' in text:
                    raise
                return text.split()  # a lone apostrophe is part of a name
        words: list[str] = text.split(maxsplit=at)
        return words if text else []

    def _kind(self, i: int) -> ArgKind | None:
        if not self.kinds:
            return None
        many = self.params[-1].kind is inspect.Parameter.VAR_POSITIONAL
        if i >= len(self.kinds):
            return self.kinds[-1] if many or self.kinds[-1].rest else None
        return self.kinds[i]


class Registry:
    """All commands by name, alias or the beginning of either."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}
        self._aliases: dict[str, str] = {}

    def command(
        self, name: str, *aliases: str, group: Group
    ) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
        """Make a function the command `/name`. A parameter `force` makes `/name!` apply at once."""

        def register(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
            if not run.__doc__:
                raise TypeError(f"/{name} has no docstring")
            for key in (name, *aliases):
                if key in self._commands or key in self._aliases:
                    raise TypeError(f"/{key} is registered twice")
            self._commands[name] = _define(name, aliases, group, run)
            self._aliases.update(dict.fromkeys(aliases, name))
            return run

        return register

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(self._commands.values())

    def find(self, word: str, own: Sequence[str] = ()) -> Command:
        """Find a command by name, alias or unique beginning. Raises UsageError with an offer.

        `own` are names that may be meant as well.
        """
        exact = self._commands.get(self._aliases.get(word, word))
        if exact is not None:
            return exact
        begun = sorted({self._aliases.get(k, k) for k in self._names() if k.startswith(word)})
        if word and begun and all(name.startswith(begun[0]) for name in begun):
            return self._commands[begun[0]]
        if begun and word:
            raise UsageError(f"/{word} could be /{', /'.join(begun)}.", "Write more of the name.")
        from chatrepl.commands.elsewhere import meant  # seldom needed

        near = meant(word, [*self._names(), *own])
        hint = f"Did you mean /{near}?" if near else "/help lists what there is."
        raise UsageError(f"There is no command /{word}.", hint)

    def knows(self, word: str) -> bool:
        """Tell whether `word` names a command, in full or by a beginning."""
        return any(name.startswith(word) for name in self._names()) and bool(word)

    def is_ours(self, name: str) -> bool:
        """Tell whether a name is one of chatrepl's own, in full."""
        return name in self._commands or name in self._aliases

    def offers(self, begun: str) -> Iterator[tuple[str, str]]:
        """Offer the names that begin so, each with what it does, in the order of use.

        Aliases are offered once something is typed.
        """
        menu = {name: self._commands[name] for name in MENU if name in self._commands}
        for name in (*(menu | self._commands), *(self._aliases if begun else ())):
            if name.startswith(begun):
                command = self._commands[self._aliases.get(name, name)]
                yield name, MENU.get(command.name) or command.summary.replace("`", "")

    def _names(self) -> list[str]:
        return [*self._commands, *self._aliases]


REGISTRY: Final = Registry()
command = REGISTRY.command


def _define(
    name: str, aliases: tuple[str, ...], group: Group, run: Callable[..., Outcome]
) -> Command:
    hints = get_type_hints(run, include_extras=True)
    params = [p for p in inspect.signature(run).parameters.values() if p.name != "session"]
    positional = tuple(p for p in params if p.kind is not p.KEYWORD_ONLY)
    kinds = tuple(_kind_of(hints[p.name]) for p in positional)
    forces = any(p.name == "force" for p in params)
    help_ = inspect.cleandoc(run.__doc__ or "")
    return Command(name, aliases, group, run, positional, kinds, help_, forces)


def _kind_of(hint: Any) -> ArgKind:
    if get_origin(hint) is Annotated:
        return next(a for a in get_args(hint) if isinstance(a, ArgKind))
    if get_origin(hint) is Literal:
        values = get_args(hint)
        return ArgKind(
            _one_of(values),
            lambda _s, text: (v for v in values if v.startswith(text)),
            values=values,
        )
    inner = next((a for a in get_args(hint) if a is not type(None)), None)
    return _KINDS[hint] if inner is None else _kind_of(inner)


def _one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return parse


def _listed(values: Sequence[str]) -> str:
    """Write what there is to choose from: on, off or auto."""
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))


def _name(p: inspect.Parameter) -> str:
    return p.name.rstrip("_").replace("_", " ").upper()


def _show(p: inspect.Parameter) -> str:
    name = _name(p)
    if p.kind is p.VAR_POSITIONAL:
        return f"{name}…"
    return name if p.default is p.empty else f"[{name}]"
