"""Where a request went and what it asked for: what an error message needs to be of use."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from chatrepl.api.redact import redact
from chatrepl.core.frozen import frozen

DEFAULT_URL: Final = "https://api.anthropic.com"


@frozen
class Origin:
    """One request's address, model, the source of its key, and what must never be shown."""

    url: str = DEFAULT_URL
    model: str = ""
    source: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host, with the port where it is not the usual one."""
        try:
            parts = urlsplit(self.url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return self.url
        name = parts.hostname or self.url
        return f"[{name}]{port}" if ":" in (parts.hostname or "") else f"{name}{port}"

    @property
    def address(self) -> str:
        """The host and always the port."""
        usual = ":80" if self.url.startswith("http:") else ":443"
        host = self.host
        return host if ":" in host.rpartition("]")[2] else host + usual

    def clean(self, text: str) -> str:
        """Make a foreign text fit for one line of a message: no secrets, no line breaks."""
        flat = " ".join(redact(text, self.secrets).split())
        return flat if len(flat) <= 600 else flat[:599] + "…"


def for_model(origin: Origin, model: str) -> Origin:
    """Give the origin of a request for `model`."""
    return replace(origin, model=model)
