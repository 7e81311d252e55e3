"""`chatrepl` and `python -m chatrepl`: the shortest way to what was asked for."""

import os
import sys

from chatrepl import __version__


def main() -> None:
    """Run chatrepl on the command line's arguments and end the process."""
    try:
        if sys.argv[1:] == ["--version"] and sys.stdout is not None:
            sys.stdout.write(f"chatrepl {__version__}\n")
            sys.stdout.flush()
            return
        from chatrepl.cli.exits import run

        run(sys.argv[1:])
    except KeyboardInterrupt:  # while we were being loaded
        os._exit(130)


if __name__ == "__main__":
    main()
