from itertools import pairwise

from markdown_it import MarkdownIt

from chatrepl.core.fences import line_states
from chatrepl.demo.scripts.topics import BY_NAME, TOPICS, find_topic


def test_every_subject_is_called_by_its_first_word() -> None:
    for topic in TOPICS:
        word = topic.words.split("|")[0]
        plain = word.replace("(who", "who").replace("(which", "which").replace(")", "")
        plain = plain.replace("\\b", "").replace("?", "")
        found = find_topic("who are you" if topic.name == "who" else plain)
        assert found is not None, topic.name
        assert found is topic or TOPICS.index(found) < TOPICS.index(topic)
    assert len(BY_NAME) == len(TOPICS)
    assert find_topic("zebras") is None


def test_the_texts_together_show_every_element_of_markdown() -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    kinds = set()
    for topic in TOPICS:
        for token in parser.parse(topic.text):
            kinds.add(token.type)
            kinds |= {child.type for child in token.children or []}
    for kind in (
        "heading_open",
        "bullet_list_open",
        "ordered_list_open",
        "blockquote_open",
        "table_open",
        "fence",
        "hr",
        "link_open",
        "strong_open",
        "em_open",
        "code_inline",
        "s_open",
    ):
        assert kind in kinds


def test_fences_are_closed_and_lines_fit_a_screen() -> None:
    languages = set()
    for topic in TOPICS:
        fences = [x for x in topic.text.splitlines() if x.strip().startswith("```")]
        assert len(fences) % 2 == 0, topic.name
        languages |= {fence.strip()[3:] for fence in fences} - {""}
        assert topic.text.endswith("\n")
        assert all(len(row) <= 100 for row, is_code in _rows(topic.text) if is_code)
    assert len(languages) >= 6


def test_no_sentence_is_broken_where_only_the_source_ends_a_line() -> None:
    for topic in TOPICS:
        for (row, is_code), (following, _) in pairwise(_rows(topic.text)):
            assert is_code or len(row) < 70 or not following[:1].isalpha(), row


def _rows(text: str) -> list[tuple[str, bool]]:
    states = line_states(text)
    return [(row, bool(state)) for row, state in zip(text.split("\n"), states, strict=True)]
