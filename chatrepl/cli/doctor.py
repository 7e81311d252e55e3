"""`--doctor`: what is fine, and how to mend the rest. To add a check, add a function to `CHECKS`.

A check gives a line or several; none of them raises, sends a message, or changes anything. What
`--live` sends is in `trial.py`.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from chatrepl.api.address import elsewhere, is_allowed, service_url
from chatrepl.api.credentials import find, missing
from chatrepl.api.probe import Probe, probe
from chatrepl.cli.connection import open_connection
from chatrepl.cli.finding import Finding
from chatrepl.cli.loop import new_runner
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.errors import CAUSE, ApiError, ChatreplError
from chatrepl.core.model_names import resolve
from chatrepl.core.models import find as find_model
from chatrepl.core.value import frozen
from chatrepl.core.words import for_a_shell
from chatrepl.storage.paths import find_folders
from chatrepl.terminal.console import is_dumb, is_terminal
from chatrepl.terminal.modes import speaks_utf8
from chatrepl.terminal.views.json_lines import write_json

if TYPE_CHECKING:
    from chatrepl.cli.trial import Trial

_PATIENCE_S: Final = 20.0
_SKEW_S: Final = 120
_NETWORK: Final = "Check the network, base_url and any proxy."
_LITTLE_BYTES: Final = 50_000_000


@frozen
class Case:
    """What the checks look at; `answer` is the service's, or why there is none."""

    loaded: Config
    answer: Probe | ChatreplError
    demo: bool = False
    trials: "tuple[Trial, ...]" = ()


def examine(loaded: Config, *, demo: bool, live: bool = False) -> tuple[Finding, ...]:
    """Look at everything; asks the service for its models, which costs nothing.

    With `live` a message is counted and sent as well, where the service is there.
    """
    answer, trials = _ask(loaded, demo=demo, live=live)
    case = Case(loaded, answer, demo, trials)
    return (*(check(case) for check in CHECKS), *_tools(loaded), *map(_tried, trials))


def _ask(
    loaded: Config, *, demo: bool, live: bool
) -> "tuple[Probe | ChatreplError, tuple[Trial, ...]]":
    async def ask() -> "tuple[Probe, tuple[Trial, ...]]":
        connection = open_connection(loaded.settings, demo=demo, single=False)
        try:
            client = await asyncio.to_thread(connection.client.result)
            async with asyncio.timeout(_PATIENCE_S):
                answer = await probe(client, connection.http, connection.route)
                if not live:
                    return answer, ()
                from chatrepl.cli.trial import try_out  # seldom asked for

                return answer, await try_out(connection, loaded.settings)
        finally:
            await connection.close()

    try:
        with new_runner() as runner:
            return runner.run(ask())
    except ChatreplError as error:
        return error, ()
    except TimeoutError:
        return ChatreplError("The service does not answer.", _NETWORK), ()


def _tools(loaded: Config) -> "tuple[Finding, ...]":
    if not loaded.programs and not loaded.servers:
        return ()
    from chatrepl.cli.tool_check import check_tools  # few have tools

    return check_tools(loaded)


def _tried(trial: "Trial") -> Finding:
    if isinstance(trial.outcome, ApiError) and trial.outcome.absent:
        return Finding(trial.what, True, trial.outcome.message)
    if isinstance(trial.outcome, ChatreplError):
        return _failed(trial.what, trial.outcome)
    return Finding(trial.what, True, trial.outcome)


def _lacks(lacking: ApiError, trials: "Sequence[Trial]") -> Finding:
    """Judge a server without a list by its reply: many have none, and a wrong address neither."""
    if any(trial.what == "reply" and isinstance(trial.outcome, str) for trial in trials):
        return Finding("connection", True, lacking.message)
    mend = "Check base_url." if trials else "chatrepl --doctor --live tells whether it answers."
    return Finding("connection", False, lacking.message, mend)


def _failed(what: str, error: ChatreplError) -> Finding:
    """Name a step for what went wrong; that the doctor may look for the cause is none here."""
    return Finding(what, False, error.message, _NETWORK if error.hint == CAUSE else error.hint)


def _key(case: Case) -> Finding:
    if case.demo:
        return Finding("key", True, "none is needed for the demo engine.")
    credential = find(case.loaded.settings, os.environ)
    if credential is None:
        error = missing()
        return Finding("key", False, error.message, error.hint)
    masked = f" ({credential.masked})" if credential.masked else ""
    return Finding("key", True, f"from {credential.source}{masked}.")


def _connection(case: Case) -> Finding:
    if not case.demo and find(case.loaded.settings, os.environ) is None:
        return Finding("connection", True, "not tried without a key.")
    if isinstance(case.answer, ChatreplError):
        return _failed("connection", case.answer)
    if case.answer.lacking is not None:
        return _lacks(case.answer.lacking, case.trials)
    host = "" if case.demo else elsewhere(service_url(case.loaded.settings, os.environ))
    who = f"{host} " if host else ""
    within = f"{who}answers within {case.answer.seconds * 1000:.0f} ms"
    if is_allowed(service_url(case.loaded.settings, os.environ), case.loaded.settings.allow_http):
        within += ", over plain http, as allow_http allows"
    return Finding("connection", True, f"{within}.")


def _model(case: Case) -> Finding:
    id_ = resolve(case.loaded.settings.model, liberty="any")
    model = find_model(id_)
    if isinstance(case.answer, Probe) and case.answer.models:
        ids = [str(info.get("id")) for info in case.answer.models]
        if not any(listed == id_ or listed.startswith(f"{id_}-") for listed in ids):
            return Finding(
                "model", False, f"{id_} is none of the service's.", "/models lists them."
            )
    if model.lifecycle not in {"", "active"}:
        until = f" and retires on {model.retires_at}" if model.retires_at else ""
        return Finding(
            "model", False, f"{id_} is {model.lifecycle}{until}.", "/models lists others."
        )
    return Finding("model", True, f"{id_}.")


def _terminal(case: Case) -> Finding:
    del case
    if not is_terminal(sys.stdout):
        return Finding("terminal", True, "standard output is a pipe or a file.")
    size = shutil.get_terminal_size()
    if is_dumb(os.environ):
        return Finding("terminal", False, "TERM names no terminal.", "Set TERM=xterm-256color.")
    if not speaks_utf8(sys.stdout, os.environ):
        return Finding("terminal", False, "it is not set to UTF-8.", "Set LANG=C.UTF-8.")
    term = os.environ.get("TERM", "")
    return Finding("terminal", True, f"{term}, {size.columns}×{size.lines}, UTF-8.")


def _storage(case: Case) -> Finding:
    if not case.loaded.settings.save:
        return Finding("storage", True, "saving is off.")
    folder = find_folders(os.environ).conversations
    if folder is None:
        return Finding("storage", False, "there is no home folder.", "Set HOME.")
    there = folder
    while not there.exists() and there.parent != there:
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("storage", False, f"{there} cannot be written.", "Check its permissions.")
    free = shutil.disk_usage(there).free
    if free < _LITTLE_BYTES:
        return Finding("storage", False, f"{there}: the disk is almost full.", "Make room.")
    return Finding("storage", True, f"{folder}, {free / 1e9:.1f} GB free.")


def _clock(case: Case) -> Finding:
    ahead = case.answer.ahead_s if isinstance(case.answer, Probe) else None
    if ahead is None:
        return Finding("clock", True, "the service tells no time to compare with.")
    if abs(ahead) > _SKEW_S:
        side = "behind" if ahead > 0 else "ahead of"
        return Finding(
            "clock", False, f"it is {abs(ahead):.0f} s {side} the service's.", "Set the clock."
        )
    return Finding("clock", True, "agrees with the service's.")


CHECKS: Final[tuple[Callable[[Case], Finding], ...]] = (
    _key,
    _connection,
    _model,
    _terminal,
    _storage,
    _clock,
)


def show_doctor(options: Options, loaded: Config, out: TextIO) -> int:
    """Print the findings; the exit code is 1 where something needs mending."""
    findings = examine(loaded, demo=options.demo, live=options.live)
    is_fine = all(finding.is_fine for finding in findings)
    if options.manner != "text":
        write_json(out, {"ok": is_fine, "findings": [finding.to_wire() for finding in findings]})
    else:
        said = (replace(finding, mend=for_a_shell(finding.mend)).rows(out) for finding in findings)
        out.writelines(f"{rows}\n" for rows in said)
    return 0 if is_fine else 1
