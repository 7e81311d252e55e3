import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.sniff import FileKind
from chatrepl.attachments.urls import checked_url, is_url, url_kind, url_name
from chatrepl.core.errors import AttachmentError


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("https://a.example/b/photo.JPG", FileKind.IMAGE),
        ("http://a.example:8080/x.png?size=2#top", FileKind.IMAGE),
        ("https://a.example/paper.pdf", FileKind.PDF),
        ("https://a.example/page", FileKind.UNSUPPORTED),
    ],
)
def test_the_end_of_the_path_tells_the_kind(spec: str, kind: FileKind) -> None:
    assert url_kind(spec) is kind


def test_an_address_is_passed_on_without_its_fragment() -> None:
    assert checked_url("https://a.example/x.png?q=1#top") == "https://a.example/x.png?q=1"
    assert url_name("https://a.example/b/x.png?q=1") == "x.png (a.example)"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("ftp://a.example/x.png", "only http and https"),
        ("https:///x.png", "no host"),
        ("https://user:hunter2@a.example/x.png", "password"),
        ("https://a.example/x.png\u202e", "no valid address"),
        ("https://a.example/a b.png", "no valid address"),
        ("https://a.example:nine/x.png", "no valid address"),
        ("https://[a.example/x.png", "no valid address"),
        ("https://a.example/" + "x" * 9_000 + ".png", "no valid address"),
        ("https://a.example/page.html", "does not end in"),
    ],
)
def test_other_addresses_are_refused_in_words(spec: str, why: str) -> None:
    with pytest.raises(AttachmentError, match=why) as caught:
        checked_url(spec)
    assert caught.value.exit_code == 2
    assert "hunter2" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("spec", ["a.png", "C:\\a.png", "c://a", "file:///a.png", "://", "/a://b"])
def test_a_path_is_no_address(spec: str) -> None:
    assert not is_url(spec)


@given(st.text(max_size=60))
def test_any_address_is_taken_or_refused(tail: str) -> None:
    spec = f"https://{tail}.png"
    try:
        assert checked_url(spec).startswith("https://")
    except AttachmentError as error:
        assert error.message.isprintable()  # noqa: PT017 - either outcome is right
