"""`chatrepl` and `python -m chatrepl`: the shortest way to what was asked for."""

import sys


def main() -> None:
    """Run chatrepl on the command line's arguments and end the process."""
    argv = sys.argv[1:]
    if argv == ["--version"]:
        from chatrepl import __version__

        sys.stdout.write(f"chatrepl {__version__}\n")
        return
    from chatrepl.cli.exits import guarded, leave, report_bug
    from chatrepl.cli.start import run

    try:
        code = guarded(lambda: run(argv))
    except BaseException as error:  # noqa: BLE001 - the one place where a bug ends
        code = report_bug(error)
    leave(code)


if __name__ == "__main__":
    main()
