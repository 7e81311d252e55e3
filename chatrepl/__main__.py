"""`chatrepl` and `python -m chatrepl`: the shortest way to what was asked for."""

import os
import sys

from chatrepl import __version__


def main() -> None:
    """Run chatrepl on the command line's arguments and end the process."""
    try:
        if sys.argv[1:] == ["--version"] and sys.stdout is not None:
            try:
                sys.stdout.write(f"chatrepl {__version__}\n")
                sys.stdout.flush()
            except OSError:
                pass  # the long way tells what became of the stream
            else:
                return
        from chatrepl.startup.private_memory import leave_no_core

        leave_no_core()
        from chatrepl.cli.exits import run

        run(sys.argv[1:])
    except KeyboardInterrupt:  # while we were being loaded
        os._exit(130)


def leave_working_folder(path: list[str], file: str) -> None:
    """Take away the folder that `-m` looks in first, which anybody may have put modules into.

    It stays where the package itself, and so all of it, comes from there.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(file)))  # noqa: PTH100, PTH120 - at once
    if path and os.path.abspath(path[0]) != home:  # noqa: PTH100
        del path[0]


if __name__ == "__main__":
    if not sys.flags.safe_path:
        leave_working_folder(sys.path, __file__)
    main()
