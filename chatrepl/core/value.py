"""`frozen`: immutable values with named fields, made quickly.

Everything in here is a value, and nothing is sent before all of them are defined. The standard
`dataclass` compiles seven functions for each class; here most are shared, and three are compiled
when the first value is made, compared or hashed. `dataclasses.replace`, `fields`, `field` and
pattern matching work as ever; our own `replace` takes a seventh of the time.

What it is worth: importing all that a single shot needs takes 0.82 to 0.85 of the CPU that it takes
with `dataclass`, a whole demo shot 0.89 to 0.90. A hundred classes take 84 ms with `dataclass`,
37 ms here; 13 ms as NamedTuple, which is equal across types, and 2 ms with msgspec, which takes
20 ms to import. It goes when dataclasses are cheap.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, Never, TypeVar, dataclass_transform

__all__ = ["frozen", "replace", "twin", "variant"]
Value = TypeVar("Value")
_GIVEN_NOTHING: Final[Any] = object()  # the default of a field whose value is made anew each time


def twin(thing: Value) -> Value:
    """Copy an object that has a `__dict__`, in a fifth of the time that `copy.copy` takes."""
    other = object.__new__(type(thing))
    vars(other).update(vars(thing))
    return other


class variant(Generic[Value]):  # noqa: N801 - a decorator, such as `property`
    """A property that gives an object in another form, made once; it may be the object itself.

    In that case the object does not come to hold itself: it and all its bytes would stay until
    somebody looks for garbage.
    """

    def __init__(self, make: Callable[[Value], Value]) -> None:
        self.make, self.name, self.__doc__ = make, make.__name__, make.__doc__
        self.is_same = f"_{self.name}_is_same"

    def __get__(self, thing: Value, _class: object = None) -> Value:
        made = thing.__dict__
        if self.is_same in made:
            return thing
        if (other := self.make(thing)) is thing:
            made[self.is_same] = True
        else:
            made[self.name] = other
        return other


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[Value]) -> type[Value]:
    """Make a class of frozen values from annotated fields; each has a slot, and no `__dict__`."""
    own = set(vars(cls))
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    for name, method in _SHARED.items():
        if name not in own:
            setattr(made, name, method)
    later = tuple(name for name in _COMPILED if name not in own)
    for name in later:
        setattr(made, name, _compiling(made, name, later))
    value: type[Value] = made
    return value


def _compiling(cls: Any, name: str, later: tuple[str, ...]) -> Any:
    """Give a method that has the class's methods compiled, and goes on with its own."""

    def first(self: Any, *args: Any, **more: Any) -> Any:
        methods = _compiled(cls)
        for each in later:
            setattr(cls, each, methods[each])
        return methods[name](self, *args, **more)

    return first


def _compiled(cls: Any) -> dict[str, Any]:
    """Write what must be quick: making a value, comparing and hashing it."""
    items = fields(cls)
    scope: dict[str, Any] = {"_set": object.__setattr__, "_nothing": _GIVEN_NOTHING}
    parameters = "".join(f", {_parameter(item, scope)}" for item in items)
    stored = "".join(f"\n    _set(self, {item.name!r}, {_value(item)})" for item in items)
    checked = "\n    self.__post_init__()" if hasattr(cls, "__post_init__") else ""
    compared = [item.name for item in items if item.compare]
    mine, others = (
        "(" + "".join(f"{whose}.{name}, " for name in compared) + ")" for whose in ("self", "other")
    )
    hashed = "".join(f"self.{i.name}, " for i in items if i.compare and i.hash is not False)
    code = (
        f"def __init__(self{parameters}):{stored or ' pass'}{checked}\n"
        f"def __eq__(self, other):\n"
        f"    if other.__class__ is not self.__class__: return NotImplemented\n"
        f"    return {mine} == {others}\n"
        f"def __hash__(self): return hash(({hashed}))\n"
    )
    methods: dict[str, Any] = {}
    exec(code, scope, methods)  # noqa: S102 - nothing in it but the names of our own fields
    methods["__init__"].__annotations__ = {item.name: item.type for item in items} | {
        "return": None
    }
    for name, method in methods.items():
        method.__qualname__ = f"{cls.__qualname__}.{name}"
    return methods


def _parameter(item: "Field[Any]", scope: dict[str, Any]) -> str:
    """Write a field's parameter; what its default is goes into `scope`."""
    if item.default_factory is not MISSING:
        scope[f"_make_{item.name}"] = item.default_factory
        return f"{item.name}=_nothing"
    if item.default is not MISSING:
        scope[f"_default_{item.name}"] = item.default
        return f"{item.name}=_default_{item.name}"
    return item.name


def _value(item: "Field[Any]") -> str:
    if item.default_factory is MISSING:
        return item.name
    return f"_make_{item.name}() if {item.name} is _nothing else {item.name}"


if TYPE_CHECKING:  # it has a plugin that knows the fields
    from dataclasses import replace
else:

    def replace(value: Value, /, **changes: Any) -> Value:
        """Make a copy of a frozen value in which some fields are others."""
        return _copier(value.__class__)(value, changes)


@cache
def _copier(cls: Any) -> Any:
    """Write what copies a value: it takes its class only when all of it stands."""
    if "__slots__" not in vars(cls):  # an ordinary one, which caches what it works out
        return lambda value, changes: dataclasses.replace(value, **changes)
    names = [item.name for item in fields(cls)]
    # A class of the same slots, but without our guard: assigning is ten times as quick.
    scope: dict[str, Any] = {"_set": object.__setattr__, "_cls": cls}
    scope["_Open"] = type(cls)("_Open", cls.__bases__, {"__slots__": cls.__slots__})
    copied = "".join(f"    other.{name} = value.{name}\n" for name in names)
    checked = "    other.__post_init__()\n" if hasattr(cls, "__post_init__") else ""
    code = (
        f"def copy(value, changes):\n    other = _Open()\n{copied}    other.__class__ = _cls\n"
        f"    for name, new in changes.items():\n        _set(other, name, new)\n"
        f"{checked}    return other\n"
    )
    exec(code, scope)  # noqa: S102 - nothing in it but the names of our own fields
    return scope["copy"]


def _repr(self: Any) -> str:
    parts = (f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _refuse_setting(_self: object, name: str, _value: object) -> Never:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_self: object, name: str) -> Never:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, item.name) for item in fields(self))


_SHARED: Final = {
    "__repr__": _repr,
    "__setattr__": _refuse_setting,
    "__delattr__": _refuse_deleting,
    "__reduce__": _reduce,
}
_COMPILED: Final = ("__init__", "__eq__", "__hash__")
