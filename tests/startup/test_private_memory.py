import resource
import subprocess
import sys

import pytest

from chatrepl.startup.private_memory import leave_no_core, let_nobody_look

CRASH = """
import ctypes, os, sys
from chatrepl.startup.private_memory import leave_no_core, let_nobody_look
leave_no_core()
let_nobody_look()
import resource
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system knows no such thing")
def test_a_crash_leaves_no_core_and_nobody_looks_into_our_memory() -> None:
    def allow() -> None:
        resource.setrlimit(
            resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1])
        )

    done = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, text=True, check=True, preexec_fn=allow
    )
    assert done.stdout == "(0, 0) 0\n"


def test_a_system_that_knows_neither_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setitem(sys.modules, "ctypes", None)
    leave_no_core()
    let_nobody_look()
    monkeypatch.setattr(sys, "platform", "darwin")
    let_nobody_look()
