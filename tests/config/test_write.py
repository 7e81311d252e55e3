"""One setting changed in a text: it counts, and nothing else of the text differs."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.config.file import check_file
from chatrepl.config.show import example, toml
from chatrepl.config.write import values_of, with_value
from chatrepl.core.setting_values import Option
from chatrepl.core.settings import OPTIONS

_PATH = Path("config.toml")
_FILES = [
    "",
    "# mine\n",
    "effort = 'low' # for now",
    'max_tokens=5\n\n[web]\non = true # yes\n\n[cache]\nttl = "1h"\n',
    'cache.ttl = "5m"\nweb = true\n\n# work\n[profiles.work]\nmodel = "opus"\n',
    '"cache.ttl" = "5m"\nheaders = { x-a = "b" }\n[profiles.work.cache]\nttl = "1h"\n# end',
    '[profiles]\nwork = { effort = "low" }\n[profiles.play]\nweb = true\n',
    'system = """\nTwo\n[lines]\n"""\ncontext = { policy = "drop" }\n[extra_body]\ntop = 1\n',
    "[tools.a]\ncommand = 'a'\n\n# b\n[mcp.b]\nurl = 'http://b'\n[profiles.work.tools.a]\ncommand='c'",
    "tools = { a = { command = 'a' } }\n[profiles.play]\ntools.a.command = 'a'\n# end\n",
    "[tools]\nmax_rounds = 3\n[tools.a.schema]\ntype = 'object'\n[tools.a]\ncommand = 'a' # a\n",
    example(),
]


def _value(opt: Option) -> st.SearchStrategy[Any]:
    if opt.choices:
        return st.sampled_from(opt.choices)
    match opt.kind:
        case "switch":
            return st.booleans()
        case "integer":
            return st.integers(max(1, int(opt.least)), 10**6)
        case "number":
            return st.floats(opt.least, opt.most or 1e6)
        case "text" | "command":
            return st.text(min_size=1).filter(lambda t: t.strip() and t.isprintable())
        case "words":
            return st.lists(st.sampled_from(["END", 'a "b"', "x = 1 # y"])).map(tuple)
        case "names" | "models" | "domains":
            return st.lists(st.sampled_from(["a.b", "c.de"])).map(tuple)
        case _:
            return st.sampled_from([{}, {"city": "Bern"}, {"country": "DE", "city": 'A "B"'}])


_CHANGES = st.sampled_from([*OPTIONS.values()]).flatmap(
    lambda opt: st.tuples(st.just(opt), _value(opt))
)


@given(st.sampled_from(_FILES), _CHANGES, _CHANGES, st.sampled_from([None, "work", "play", "a b"]))
def test_a_change_counts_and_no_other_value_differs(
    text: str, first: tuple[Option, Any], second: tuple[Option, Any], profile: str | None
) -> None:
    for opt, value in (first, second):
        before = values_of(check_file(_PATH, text.encode()))
        comments = [line for line in text.splitlines() if line.startswith("#")]
        text = with_value(text, opt, value, profile)
        after = values_of(check_file(_PATH, text.encode()))
        assert after == before | {(profile or "", opt.key): value}
        assert [line for line in text.splitlines() if line.startswith("#")] == comments


def test_what_stands_there_keeps_its_place_its_look_and_its_comment() -> None:
    text = "# top\nmodel='opus'   # the best\n\n  [cache]\n  ttl = '5m'\n# end\n"
    changed = with_value(text, OPTIONS["cache.ttl"], "1h")
    assert changed == text.replace("'5m'", '"1h"')
    assert with_value(text, OPTIONS["model"], "haiku") == text.replace("'opus'", '"haiku"')
    added = with_value(text, OPTIONS["effort"], "low")
    assert tomllib.loads(added)["effort"] == "low"
    assert [line for line in added.splitlines() if line not in text.splitlines()] == [
        'effort = "low"'
    ]


@pytest.mark.parametrize("end", ["\n", "\n\n\n"])
@pytest.mark.parametrize("key", ["effort", "model", "cache.ttl"])
def test_an_empty_line_stays_one_where_something_is_added_above_it(end: str, key: str) -> None:
    text = f"max_tokens = 5\n{end}[cache]\nenabled = true\n{end}[profiles.work]\nweb = true\n"
    added = f'{key.rsplit(".", maxsplit=1)[-1]} = "high"\n'
    assert with_value(text, OPTIONS[key], "high").replace(added, "") == text


@pytest.mark.parametrize("profile", [None, "work"])
def test_a_switch_and_the_settings_below_it_stand_side_by_side(profile: str | None) -> None:
    text = with_value("", OPTIONS["web"], True, profile)
    text = with_value(text, OPTIONS["web.max_uses"], 3, profile)
    text = with_value(text, OPTIONS["web"], False, profile)
    name = profile or ""
    assert values_of(check_file(_PATH, text.encode())) == {
        (name, "web"): False,
        (name, "web.max_uses"): 3,
    }


def test_a_number_that_is_not_set_is_written_as_nothing() -> None:
    assert with_value("", OPTIONS["temperature"], None) == f"temperature = {toml('')}\n"


@pytest.mark.parametrize(
    "rest",
    [
        'work.model = "opus"\n',
        'work.model = "opus"\nplay.web = true\n# end\n\n[cache]\nttl = "5m"\n',
        "work.web = true\n",
        "work.cache = { enabled = true }\n",
    ],
)
@pytest.mark.parametrize(
    ("key", "value"), [("web", True), ("cache.ttl", "5m"), ("web.max_uses", 3), ("model", "haiku")]
)
def test_a_profile_of_dotted_lines_takes_each_setting(rest: str, key: str, value: Any) -> None:
    text = f"[profiles]\n{rest}"
    before = values_of(check_file(_PATH, text.encode()))
    written = with_value(text, OPTIONS[key], value, "work")
    after = values_of(check_file(_PATH, written.encode()))
    assert after == before | {("work", key): value}
