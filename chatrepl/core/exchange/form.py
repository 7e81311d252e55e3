"""The form that a reply must have: a JSON schema, or one of a few choices."""

import re
from typing import Any, Final

from chatrepl.core.foreign_json import exactly
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

_FENCED: Final = r"(?s)\s*+(`{3,}+|~{3,}+)[^\n`]*+\n(.*)"
_OPENS: Final = {"object": "{", "array": "[", "string": '"'}
_JSON_ONLY: Final = (
    "Answer with nothing but one JSON value that satisfies this JSON schema, without any words "
    "before or after it and without a code fence: {schema}"
)
_ONE_OF: Final = (
    "Answer with exactly one of the following, character for character, and nothing else: {choices}"
)


@frozen
class Form:
    """`schema` is what goes to the service; None where the service cannot express it.

    `choices` is empty unless one of them is asked for; `whole` is the schema as it was given.
    """

    schema: Wire | None
    choices: tuple[str, ...] = ()
    whole: Wire | None = None

    @classmethod
    def choose(cls, choices: tuple[str, ...]) -> "Form":
        """Ask for exactly one of `choices`."""
        schema = {
            "type": "object",
            "properties": {"choice": {"type": "string", "enum": list(choices)}},
            "required": ["choice"],
            "additionalProperties": False,
        }
        return cls(schema, choices)

    @property
    def instruction(self) -> str:
        """The words that ask for this form where the service does not enforce it."""
        if self.choices:
            return _ONE_OF.format(choices=", ".join(encode(choice) for choice in self.choices))
        return _JSON_ONLY.format(schema=encode(dict(self.whole or self.schema or {})))

    def fits(self, prefill: str) -> bool:
        """Tell whether the form itself sees to it that a reply begins with `prefill`."""
        if self.choices:
            return any(choice.startswith(prefill.strip()) for choice in self.choices)
        kind = (self.whole or self.schema or {}).get("type")
        return _OPENS.get(str(kind)) == prefill.strip()

    def beginning(self, prefill: str) -> "Form":
        """Give the form that only those of the choices have which begin with `prefill`, if any."""
        if not self.choices or not self.fits(prefill):
            return self
        return Form.choose(tuple(c for c in self.choices if c.startswith(prefill.strip())))

    def read(self, text: str) -> tuple[str, Any]:
        """Give the value that a reply holds, and its text without anything around it.

        Raises ValueError where the reply holds none.
        """
        bare = text.strip()
        if (fenced := re.match(_FENCED, bare)) and fenced[2].endswith(fenced[1]):
            bare = fenced[2].removesuffix(fenced[1]).strip()
        if not self.choices:
            return bare, _parsed(bare)
        choice = self._chosen(bare)
        return choice, choice

    def _chosen(self, text: str) -> str:
        try:
            value = _parsed(text)
        except ValueError:
            value = text
        named = value.get("choice") if isinstance(value, dict) else value
        for choice in self.choices:
            if choice in (named, text):
                return choice
        low = text.strip("\"'`.*").casefold()
        near = [choice for choice in self.choices if choice.casefold() == low]
        if len(near) != 1:
            raise ValueError(text)
        return near[0]


def _parsed(text: str) -> Any:
    return exactly(text, parse_constant=_refuse, parse_float=_finite)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if value - value == 0 else _refuse(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
