"""Whose certificates are trusted, settled as the HTTP client would, before that is loaded."""

import os
import re
import ssl
from pathlib import Path
from typing import Final

_HASHED: Final = r"[0-9a-fA-F]{8}\.\d"
_PROTOCOL: Final = "http/1.1"


def trusted() -> ssl.SSLContext | None:
    """Give what a TLS connection is opened with; None where only the HTTP client would know.

    Raises OSError where the environment names certificates that cannot be read.
    """
    context = _from_environment() or _from_openssl()
    if context is not None:
        context.set_alpn_protocols([_PROTOCOL])
    return context


def _from_environment() -> ssl.SSLContext | None:
    if file := os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return None


def _from_openssl() -> ssl.SSLContext | None:
    """Trust whom OpenSSL was built to trust; a folder of certificates is read when needed."""
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    has_file, has_folder = file.is_file(), folder.is_dir()
    if not has_file and not (has_folder and _is_hashed(folder)):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file if has_file else None, folder if has_folder else None)
    return context


def _is_hashed(folder: Path) -> bool:
    return any(re.fullmatch(_HASHED, item.name) for item in folder.iterdir())
