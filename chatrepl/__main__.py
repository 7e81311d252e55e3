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
        _run(sys.argv[1:])
    except KeyboardInterrupt:  # while we were being loaded
        os._exit(130)


def _run(argv: list[str]) -> None:
    from chatrepl.cli.exits import guarded, leave, prepare_streams, report_bug

    prepare_streams()
    try:
        code = guarded(lambda: _begin(argv))
    except BaseException as error:  # noqa: BLE001 - the one place where a bug ends
        code = report_bug(error)
    leave(code)


def _begin(argv: list[str]) -> int:
    """Show the prompt's mark if there will be one, then load the program behind it."""
    from chatrepl.startup.first_sight import first_sight

    with first_sight(argv) as early:
        from chatrepl.cli.start import run

        return run(argv, early)


if __name__ == "__main__":
    main()
