import pytest

from chatrepl.demo.models import MODELS, find, info, page, usable
from chatrepl.demo.wire import ApiFault


def test_there_are_models_enough_and_exactly_the_4_5_family_takes_a_prefill() -> None:
    assert len([m for m in MODELS if m.lifecycle != "retired"]) >= 14
    assert {m.name for m in MODELS if m.prefill} == {
        "Claude Opus 4.5",
        "Claude Haiku 4.5",
        "Claude Sonnet 4.5",
    }


def test_every_model_is_found_by_its_id_and_its_aliases() -> None:
    for model in MODELS:
        assert all(find(name) is model for name in (model.id, *model.aliases))
    assert len({m.id for m in MODELS}) == len(MODELS)


def test_a_retired_or_unknown_model_cannot_be_used() -> None:
    for name in ("claude-3-opus-20240229", "gpt", None, 7):
        with pytest.raises(ApiFault) as caught:
            usable(name)
        assert caught.value.status == 404


def test_the_list_is_paged_in_both_directions() -> None:
    ids: list[str] = []
    after: dict[str, list[str]] = {}
    while True:
        found = page({"limit": ["5"], **after})
        ids += [entry["id"] for entry in found["data"]]
        if not found["has_more"]:
            break
        after = {"after_id": [found["last_id"]]}
    assert ids == [m.id for m in MODELS if m.lifecycle != "retired"]
    back = page({"limit": ["4"], "before_id": [ids[6]]})
    assert [entry["id"] for entry in back["data"]] == ids[2:6]
    assert back["has_more"]
    assert page({"before_id": [ids[0]]})["data"] == []


def test_the_list_is_filtered_by_lifecycle_and_refuses_nonsense() -> None:
    found = page({"lifecycle": ["retired"]})
    assert {entry["lifecycle"] for entry in found["data"]} == {"retired"}
    assert all(entry["retires_at"] for entry in found["data"])
    for query in ({"limit": ["0"]}, {"limit": ["x"]}, {"after_id": ["nobody"]}):
        with pytest.raises(ApiFault):
            page(query)


def test_capabilities_agree_with_the_rules() -> None:
    for model in MODELS:
        entry = info(model)
        types = entry["capabilities"]["thinking"]["types"]
        assert {kind for kind, leaf in types.items() if leaf["supported"]} == model.thinking
        effort = entry["capabilities"]["effort"]
        assert effort["supported"] is bool(model.effort)
        assert all(effort[level]["supported"] for level in model.effort)
        assert model.prefill is not (types["adaptive"]["supported"] or model.lifecycle == "retired")
