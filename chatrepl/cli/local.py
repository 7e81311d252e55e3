"""`--local`: a model on this machine in place of the service."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from chatrepl.api.address import CHILD_PATH
from chatrepl.cli.loop import hear_threads
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.settings import Settings
from chatrepl.local.child import CONTEXT_TOKENS, server_command, serving
from chatrepl.local.models import LocalModel, choose
from chatrepl.shells.mutter import mutter

_LONGEST_REPLY: Final = 2048
_ORIGIN: Final = "--local"


@contextmanager
def with_local_model(options: Options, loaded: Config) -> Iterator[Config]:
    """Give settings that ask a model on this machine, which is served as long as this lasts.

    Raises ChatreplError where there is no such model, or nothing to serve it with.
    """
    hear_threads()
    command = server_command()
    model = choose(options.local or options.model or "", os.environ)
    quiet = None if options.quiet else sys.stderr
    mutter(quiet, f"chatrepl: loading {model.path.name} into llama.cpp on this machine…")
    with serving(model, command, CHILD_PATH) as server:
        yield _pointed_at(loaded, model, server.url, server.key)


def _pointed_at(loaded: Config, model: LocalModel, url: str, key: str) -> Config:
    """Let requests go to the server. What was set of its narrow window stays."""
    settings, unset = loaded.settings, Settings()
    changes: dict[str, Any] = {
        "base_url": url,
        "headers": {"x-api-key": key},
        "model": model.name,
        "api_key_command": "",
    }
    if settings.max_tokens == unset.max_tokens:
        changes |= {"max_tokens": _LONGEST_REPLY}
    if settings.context_budget_tokens == unset.context_budget_tokens:
        changes |= {"context_budget_tokens": CONTEXT_TOKENS - _LONGEST_REPLY}
    origins = {name.replace("context_", "context."): _ORIGIN for name in changes}
    return replace(
        loaded, settings=replace(settings, **changes), origins={**loaded.origins, **origins}
    )
