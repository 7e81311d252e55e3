"""How a library that chatrepl can do without is added to it."""


def adds(package: str) -> str:
    """Say what adds a package to chatrepl, by the tool that installed it.

    No line names chatrepl on an index: what is called so there is another program.
    """
    return (
        f"As chatrepl was installed: `pipx inject chatrepl {package}`, `pip install {package}`, or "
        f"in its clone `uv tool install --with {package} .`"
    )
