import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.api.probe import Probe
from chatrepl.cli import doctor
from chatrepl.cli.doctor import CHECKS, Case, examine, show_doctor
from chatrepl.cli.finding import Finding
from chatrepl.cli.options import Options
from chatrepl.cli.trial import Trial
from chatrepl.core.errors import CAUSE, ApiError, ApiErrorKind, ChatreplError
from tests.cli.given import KEY, loaded, settle
from tests.shells.test_mutter import terminal


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, TERM="xterm", LANG="C.UTF-8")


def found(case: Case) -> dict[str, Finding]:
    return {finding.what: finding for finding in (check(case) for check in CHECKS)}


def test_a_healthy_set_up_is_fine_in_all_parts() -> None:
    case = Case(loaded(), Probe(0.1, ({"id": "claude-sonnet-5-5-20260901"},), 1.0))

    findings = found(case)
    assert [finding.what for finding in findings.values() if not finding.is_fine] == []
    assert KEY not in "".join(finding.line() for finding in findings.values())


def test_what_is_not_fine_comes_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(loaded(), Probe(0.1, ({"id": "other"},), -600.0))
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("ANTHROPIC_API_KEY")

    sick = {what for what, finding in found(case).items() if not finding.is_fine}
    assert sick == {"key", "model", "storage", "clock"}
    assert all(finding.mend for what, finding in found(case).items() if what in sick)


def test_a_service_out_of_reach_is_told_in_its_words() -> None:
    case = Case(loaded(), ChatreplError("Out of reach.", "Check the network."))

    assert found(case)["connection"].line() == "mend  connection  Out of reach. Check the network."
    assert found(case)["clock"].is_fine


def test_terminals_models_and_disks_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "is_terminal", lambda _stream: True)
    case = Case(loaded("model=claude-sonnet-4-5"), Probe(0.1, ()))
    assert not found(case)["model"].is_fine

    monkeypatch.setenv("TERM", "dumb")
    assert "TERM=" in found(case)["terminal"].mend
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(doctor, "speaks_utf8", lambda *_: False)
    assert "UTF-8" in found(case)["terminal"].mend
    monkeypatch.setattr(doctor, "speaks_utf8", lambda *_: True)
    assert found(case)["terminal"].is_fine

    monkeypatch.setattr("shutil.disk_usage", lambda _: type("U", (), {"free": 1})())
    assert not found(case)["storage"].is_fine
    monkeypatch.setattr("os.access", lambda *_: False)
    assert not found(case)["storage"].is_fine
    assert found(replace(case, loaded=loaded("save=false")))["storage"].is_fine


def test_the_demo_engine_is_healthy() -> None:
    out = io.StringIO()

    assert show_doctor(Options(demo=True), loaded(), out) == 0
    assert out.getvalue().count("\n") == len(CHECKS)
    assert len(examine(loaded(), demo=True)) == len(CHECKS)


def test_a_server_of_ones_own_is_named_and_how_keys_get_there() -> None:
    def said(*sets: str) -> str:
        return found(Case(loaded(*sets), Probe(0.1, ())))["connection"].said

    assert said() == "answers within 100 ms."
    assert said("base_url=https://api.anthropic.com") == "answers within 100 ms."
    assert said("base_url=https://me:pw@gate:8") == "gate:8 answers within 100 ms."
    over = said("base_url=http://gate:8", "allow_http=gate")
    assert over == "gate:8 answers within 100 ms, over plain http, as allow_http allows."


def test_live_a_word_is_counted_and_answered_by_one_token_and_priced() -> None:
    out = io.StringIO()

    assert show_doctor(Options(demo=True, live=True), loaded(), out) == 0
    count, reply = out.getvalue().splitlines()[-2:]
    assert re.fullmatch(r"ok    count +\d+ tokens for one word, by count_tokens\.", count)
    assert re.fullmatch(r"ok    reply +came within \d+ ms: \d+ in, 1 out, .*\$.* \(demo\)\.", reply)


def test_a_service_that_fails_live_is_told_with_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> tuple[Trial, ...]:
        hints = {"count": CAUSE, "reply": "/models lists them."}
        away = ApiErrorKind.CONNECTION
        return tuple(Trial(w, ApiError(away, "Out of reach.", h)) for w, h in hints.items())

    monkeypatch.setattr("chatrepl.cli.trial.try_out", fails)
    out = io.StringIO()

    assert show_doctor(Options(demo=True, live=True), loaded(), out) == 1
    assert out.getvalue().splitlines()[-2:] == [
        "mend  count       Out of reach. Check the network, base_url and any proxy.",
        "mend  reply       Out of reach. chatrepl --models lists them.",
    ]


LACKS = ApiError(ApiErrorKind.NOT_FOUND, "here has no list of models.", "-m takes any name.")
COUNTS = ApiError(ApiErrorKind.NOT_FOUND, "here counts no tokens.", "/context has an estimate.")
LACKS.absent = COUNTS.absent = True
AWAY = ApiError(ApiErrorKind.NOT_FOUND, "here has no address for messages.", "Check base_url.")


@pytest.mark.parametrize(
    ("live", "reply", "lines"),
    [
        (False, None, ["mend connection here has no list of models. chatrepl --doctor --live"]),
        (True, "came", ["ok connection here has no list of models.",
                        "ok count here counts no tokens.", "ok reply came"]),
        (True, AWAY, ["mend connection here has no list of models. Check base_url.",
                      "ok count here counts no tokens.", "mend reply here has no address"]),
    ],
)  # fmt: skip
def test_what_a_server_merely_lacks_is_no_fault_where_it_replies(
    monkeypatch: pytest.MonkeyPatch, *, live: bool, reply: str | ApiError | None, lines: list[str]
) -> None:
    async def lacks(*_: object) -> Probe:
        return Probe(0.1, (), lacking=LACKS)

    async def tried(*_: object) -> tuple[Trial, ...]:
        return (Trial("count", COUNTS), Trial("reply", reply or ""))

    monkeypatch.setattr(doctor, "probe", lacks)
    monkeypatch.setattr("chatrepl.cli.trial.try_out", tried)
    out = io.StringIO()
    code = show_doctor(Options(demo=True, live=live), loaded(), out)
    told = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert code == (0 if reply == "came" else 1)
    for line in lines:
        assert any(one.startswith(line) for one in told), told


def test_what_is_too_long_for_a_terminal_hangs_beneath_itself() -> None:
    finding = Finding("network", False, "there is none of it here.", "Look for the cable.")
    with terminal(40) as (stream, _):
        assert finding.rows(stream).split("\n") == [
            "mend  network     there is none of it",
            "                  here. Look for the",
            "                  cable.",
        ]
