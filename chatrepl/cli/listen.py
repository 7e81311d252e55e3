"""`--demo --listen PORT`: the embedded engine as a server on this machine, for others' tests."""

import sys
from typing import Final, TextIO

from chatrepl.cli.options import Options
from chatrepl.core.errors import UsageError
from chatrepl.demo.server import serve
from chatrepl.shells.mutter import mutter

_MOST: Final = 65_535


def listen(options: Options, port: int, out: TextIO) -> int:
    """Serve until a signal ends the process; the address is the only line of `out`.

    Nobody but this machine is served, nothing is kept. Raises UsageError for a port that cannot be.
    """
    if not options.demo:
        raise UsageError("--listen serves the demo engine.", f"Say --demo --listen {port}.")
    if not 0 <= port <= _MOST:
        raise UsageError(f"There is no port {port}; {_MOST} is the last, and 0 takes a free one.")
    try:
        with serve(port=port, keeps=False) as served:
            out.write(f"{served.url}\n")
            out.flush()
            if not options.quiet:
                mutter(
                    sys.stderr,
                    "chatrepl: the demo engine listens there, as strict as the service and without "
                    f"a model. ANTHROPIC_BASE_URL={served.url} leads a client there.",
                )
            served.closing.wait()
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or "it is taken"
        raise UsageError(f"Port {port} cannot be used: {why}.", "0 takes a free one.") from error
    return 0
