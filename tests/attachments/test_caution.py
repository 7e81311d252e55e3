from pathlib import Path

import pytest

from chatrepl.attachments.caution import cautions


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, mode: int = 0o644) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "src/api/tokens.py", "environment.md", ".gitignore", "key.md", "monkey.txt",
     "secrets.py", "keyboard.json"],
)  # fmt: skip
def test_usual_files_of_this_folder_are_sent_unasked(here: Path, name: str) -> None:
    put(here / name)

    assert cautions(name) == ()
    assert cautions(str(here / name)) == ()


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", "prod.env", "id_rsa", "id_ed25519", "server.pem", "tls.key",
     "credentials.json", "client_secret.json", "Passwords.txt", ".netrc", ".npmrc", "store.p12",
     "api_key.txt", "service-account.json", "aws-credentials", "token.txt", "ID_RSA"],
)  # fmt: skip
def test_what_is_called_like_a_key_is_asked_about(here: Path, name: str) -> None:
    put(here / name)

    assert cautions(name) == ("named like a key",)


def test_what_lies_elsewhere_is_asked_about_however_it_is_named(here: Path) -> None:
    outside = put(here.parent / "a.txt")
    (here / "link.txt").symlink_to(outside)

    for path in (outside, "../a.txt", "./../here/../a.txt", "link.txt"):
        assert cautions(path) == ("outside this folder",)
    put(here / "key.txt").replace("x", "")
    (here / "plain.txt").symlink_to(put(here / "id_rsa"))
    assert cautions("plain.txt") == ("named like a key",)


def test_hidden_folders_and_what_is_for_its_owner_alone_are_asked_about(here: Path) -> None:
    put(here / ".git/config")
    put(here / "mine.txt", 0o600)
    put(here.parent / ".ssh/config", 0o600)

    assert cautions(".git/config") == ("in a hidden folder",)
    assert cautions("mine.txt") == ("for your eyes only",)
    assert cautions("../.ssh/config") == (
        "outside this folder", "in a hidden folder", "for your eyes only",
    )  # fmt: skip


def test_addresses_and_what_is_not_there_raise_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cautions("https://a.example/id_rsa.png") == ()
    assert cautions("missing.txt") == ()
    monkeypatch.setattr(Path, "cwd", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    assert cautions("missing.txt") == ("outside this folder",)
