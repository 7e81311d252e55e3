"""Configuration files that are wrong: nothing is sent, and the place is named."""

import pytest

from tests.faults.home import Home

ROWS: dict[str, list[tuple[bytes, str]]] = {
    "C1": [
        (b'model = "a"\nmodel = "b"\n', ":2"),
        (b"model = \n", ":1"),
        (b'model = "a\0b"\n', ":1"),
        (b"[profiles\n", ":1"),
    ],
    "C2": [
        ('model = "ä"\n'.encode("utf-16"), "UTF-8"),
        ('model = "ä"\n'.encode("latin-1"), "UTF-8"),
        (b"a = " + b"[" * 5000, "deep"),
        (b"max_tokens = " + b"9" * 10_000, ":1"),
        (b"# " + b"x" * 70_000, "larger"),
    ],
    "C3": [
        (b'modle = "opus"\n', "model"),
        (b'max_tokens = "many"\n', "max_tokens"),
        (b"[cache]\nttl = 3\n", "ttl"),
        (b"model = 3\n", "model"),
    ],
}


@pytest.mark.parametrize("name", ROWS, ids=str)
def test_a_wrong_file_is_named_with_its_place_and_nothing_is_sent(home: Home, name: str) -> None:
    path = home.path / "odd.toml"
    for data, words in ROWS[name]:
        path.write_bytes(data)
        done = home.run("--config", str(path), "hello")

        assert (done.code, done.out) == (2, ""), data[:60]
        assert "odd.toml" in done.err.splitlines()[0], done
        assert words in done.err, done
    assert home.requests == []


def test_c2_a_byte_order_mark_is_no_mistake(home: Home) -> None:
    path = home.path / "bom.toml"
    path.write_bytes(b'\xef\xbb\xbfmodel = "haiku-5-5"\n')
    home.desk.script("say well")
    assert home.run("--config", str(path), "hello").out == "well\n"
    assert home.desk.bodies[0]["model"] == "claude-haiku-5-5"


def test_c4_a_file_that_anybody_may_change_runs_nothing_and_sends_no_key(home: Home) -> None:
    path = home.path / "open.toml"
    stolen = home.path / "stolen"
    path.write_text(
        f'api_key_command = "touch {stolen}"\nbase_url = "http://127.0.0.1:9"\n', encoding="utf-8"
    )
    path.chmod(0o666)
    home.desk.script("say well")
    done = home.run("--config", str(path), "hello")

    assert not stolen.exists()
    assert "open.toml" in done.err
    assert (done.code, done.out) == (0, "well\n")
    path.chmod(0o600)  # the other way round: the file of its owner is believed
    home.run("--config", str(path), "--set", "timeout_s=1", "hello")
    assert stolen.exists()
