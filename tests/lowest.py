"""Run the tests on the lowest versions that pyproject.toml allows.

    python -m tests.lowest [--python PYTHON] [PYTEST ARGUMENT]...

They are installed in a virtual environment of their own; `--print` only tells which they are.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BOUND = re.compile(r"([\w.-]+)>=([\d.]+)")


def lowest() -> list[str]:
    """Give a pin at the lower bound of each dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bounds = [_BOUND.match(dependency) for dependency in project["dependencies"]]
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound is not None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the Python to run them on")
    parser.add_argument("--print", action="store_true", help="only print the versions")
    options, arguments = parser.parse_known_args()
    if options.print:
        print("\n".join(lowest()))
        return 0
    with tempfile.TemporaryDirectory(prefix="chatrepl-lowest-") as folder:
        pins, python = Path(folder) / "pins", Path(folder) / "bin" / "python"
        pins.write_text("\n".join(lowest()), "utf-8")
        subprocess.run([options.python, "-m", "venv", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-c", pins, "-e", f"{ROOT}[dev]"], check=True
        )
        return subprocess.run(
            [python, "-m", "pytest", *arguments], cwd=ROOT, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
