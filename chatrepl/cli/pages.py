"""What is printed instead of an answer: `--models`, `--sessions`, `--doctor`."""

import sys
from typing import TextIO

from chatrepl.cli.options import Options
from chatrepl.config import Loaded


def show_page(options: Options, loaded: Loaded, out: TextIO) -> int:
    """Print the page that was asked for and give the exit code. Raises ChatreplError."""
    if options.models:
        from chatrepl.cli.models import show_models

        return show_models(options, loaded, out, sys.stderr)
    if options.sessions:
        from chatrepl.cli.sessions import show_sessions

        return show_sessions(options, out, sys.stderr)
    from chatrepl.cli.doctor import show_doctor

    return show_doctor(options, loaded, out)
