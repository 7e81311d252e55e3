"""The containers code runs in: each lives a while after its last use."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chatrepl.demo.fields import Check, array, maybe, one_of, shape, text
from chatrepl.demo.request import WireRequest
from chatrepl.demo.validate_tools import provided
from chatrepl.demo.wire import JSON, invalid

LIFETIME_SECONDS = 300.0


def check_container(request: WireRequest) -> None:
    """Check the `container` parameter; raises the service's 400."""
    value = request.body.get("container")
    if value is None:
        return
    if not isinstance(value, str):
        shape("container", value, {}, {"id": maybe(text), "skills": maybe(array)})
        needed: dict[str, Check] = {"type": one_of("anthropic", "custom"), "skill_id": text}
        for place, skill in enumerate(value.get("skills") or []):
            shape(f"container.skills.{place}", skill, needed, {"version": text})
    if "code_execution" not in provided(request.offered):
        raise invalid("container: the `code_execution` tool must be provided with a container")


class Containers:
    """The containers of one account; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._expires: dict[str, float] = {}

    def check(self, asked: Any) -> None:
        """Check that a container that is asked for is there; raises the service's 400."""
        name = _id(asked)
        if not name:
            return
        if name not in self._expires:
            raise invalid(f"container: container `{name}` was not found")
        if self._expires[name] <= self._clock():
            raise invalid(
                f"container: container `{name}` has expired. Send the request again without "
                "`container` to get a new one."
            )

    def use(self, asked: Any) -> JSON:
        """Return the container of a reply, a new one where none was asked for."""
        name = _id(asked) or f"container_{self._new_id()}"
        skills = asked.get("skills") if isinstance(asked, dict) else None
        self._expires[name] = self._clock() + LIFETIME_SECONDS
        until = datetime.fromtimestamp(self._expires[name], UTC)
        listed = [{"version": "latest", **skill} for skill in skills or []]
        return {
            "id": name,
            "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "skills": listed or None,
        }


def _id(asked: Any) -> str:
    return str((asked.get("id") if isinstance(asked, dict) else asked) or "")
