"""`chatrepl` and `python -m chatrepl`: the shortest way to what was asked for."""

import os
import sys


def main() -> None:
    """Run chatrepl on the command line's arguments and end the process."""
    try:
        if sys.argv[1:] == ["--version"] and sys.stdout is not None:
            from chatrepl import __version__

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
        from chatrepl.cli.start import run

        code = guarded(lambda: run(argv))
    except BaseException as error:  # noqa: BLE001 - the one place where a bug ends
        code = report_bug(error)
    leave(code)


if __name__ == "__main__":
    main()
