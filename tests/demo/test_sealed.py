from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.sealed import belongs, pack, seal, unpack


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_what_is_packed_is_unpacked_and_nothing_else_is(claims: dict[str, str], word: str) -> None:
    claims.pop("seal", None)
    assert unpack(pack(claims)) == claims
    assert unpack(word) is None


def test_a_seal_belongs_to_its_texts_alone() -> None:
    word = seal("a", "b")
    assert belongs(word, "a", "b")
    for other in (("ab",), ("a",), ("a", "b", "c"), ("b", "a"), ("a", None)):
        assert not belongs(word, *other)
    assert not belongs(None, "a", "b")
