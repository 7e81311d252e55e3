import ssl
from pathlib import Path

import pytest
import trustme
from httpcore2 import default_ssl_context

from chatrepl.api.headstart.wire import trusted


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def _paths(file: Path, folder: Path) -> ssl.DefaultVerifyPaths:
    return ssl.DefaultVerifyPaths("", "", "SSL_CERT_FILE", str(file), "SSL_CERT_DIR", str(folder))


def _rules(context: ssl.SSLContext) -> tuple[object, ...]:
    """Everything that decides who is trusted and how strictly."""
    return (
        context.protocol,
        context.options,
        context.verify_mode,
        context.verify_flags,
        context.check_hostname,
        context.minimum_version,
        context.maximum_version,
        context.security_level,
        [cipher["name"] for cipher in context.get_ciphers()],
        context.get_ca_certs(),
    )


def _check() -> ssl.SSLContext:
    ours = trusted()
    assert ours is not None
    assert _rules(ours) == _rules(default_ssl_context())
    return ours


def test_by_default_it_trusts_whom_the_http_client_trusts() -> None:
    assert _check().verify_mode is ssl.CERT_REQUIRED


def test_a_file_of_certificates_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert len(_check().get_ca_certs()) == 1


def test_a_folder_of_certificates_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert _check().get_ca_certs() == []


def test_a_file_that_openssl_was_built_with_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    built = _paths(tmp_path / "ca.pem", tmp_path / "none")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: built)
    assert len(_check().get_ca_certs()) == 1


def test_where_openssl_knows_nobody_it_is_left_to_the_http_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README").touch()
    built = _paths(tmp_path / "none", tmp_path)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: built)
    assert trusted() is None


def test_a_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(OSError, match="No such file"):
        trusted()
