"""The form that a reply must have: a JSON schema, or one of a few choices."""

import json
from dataclasses import dataclass
from typing import Any

from chatrepl.core.wire import Wire


@dataclass(frozen=True, slots=True)
class Form:
    """`schema` is what goes to the service; `choices` is empty unless one of them is asked for."""

    schema: Wire
    choices: tuple[str, ...] = ()

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

    def read(self, text: str) -> Any:
        """Give the value that a reply holds: the bare choice, or the JSON; None for neither."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            bare = text.strip().strip("\"'`.")
            return bare if bare in self.choices else None
        if not self.choices:
            return value
        choice = value.get("choice") if isinstance(value, dict) else value
        return choice if choice in self.choices else None
