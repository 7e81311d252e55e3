from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.models import TABLE, Tokenizer
from chatrepl.core.talk.blocks import (
    BLOCKS,
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    block_from_wire,
)
from chatrepl.core.talk.message import Message
from chatrepl.core.tokens.estimate import MESSAGE_FRAME, Bulk, Features, features, message_bulk
from tests.core.making import wires_of
from tests.core.replay import NEW, OLD, TRUTH, samples

FAMILIES: tuple[Tokenizer, ...] = ("v3", "v4.8")


def words(text: str) -> Features:
    return features(text, len(text.split()))


def bulk(*blocks: Block) -> Bulk:
    return message_bulk(Message("user", blocks), words)


def test_half_of_the_texts_are_met_within_ten_percent_and_all_within_twenty() -> None:
    for family in FAMILIES:
        errors = sorted(
            abs(
                features(str(s["text"]), int(str(s["cl100k"]))).tokens(family)
                / int(str(s[TRUTH[family]]))
                - 1
            )
            for s in samples()
        )
        assert errors[len(errors) // 2] <= 0.10
        assert errors[-1] <= 0.20


def test_letters_capitals_and_other_scripts_are_counted_apart() -> None:
    found = features("Ab CDE é 漢字 12", 9)
    assert found.bpe == 9
    assert found.latin == 6
    assert found.capitals == 3
    assert found.other == 2


def test_letters_of_both_kinds_count_as_both() -> None:
    assert features("ẞ", 1) == Features(1, latin=1, other=1)


def test_digits_marks_and_mixtures_are_counted() -> None:
    found = features("aB3 {x: 12}", 5)
    assert (found.digits, found.marks, found.mixed) == (3, 3, 1)


def test_one_family_s_count_tells_the_other_s() -> None:
    errors = []
    for s in samples():
        text, v3, v48 = str(s["text"]), int(str(s["claude_v3"])), int(str(s["claude_v48"]))
        found = features(text, int(str(s["cl100k"])))
        errors += [found.converted(v3, "v3", "v4.8") / v48, found.converted(v48, "v4.8", "v3") / v3]
        assert found.converted(v48, "v4.8", "v4.7") == v48
    assert max(abs(error - 1) for error in errors) <= 0.13


@given(st.text(), st.floats(0, 1e6))
def test_no_conversion_runs_away(text: str, tokens: float) -> None:
    converted = features(text, len(text)).converted(tokens, "v3", "v4.8")
    assert tokens / 3 <= converted <= tokens * 3


@given(st.text(), st.text())
def test_the_features_of_joined_messages_add_up(one: str, other: str) -> None:
    both = bulk(TextBlock(one), TextBlock(other))
    assert both.text == words(one).plus(words(other))


@given(st.text(), st.integers(0, 10_000))
def test_no_text_is_less_than_nothing(text: str, bpe: int) -> None:
    assert all(features(text, bpe).tokens(family) >= 0 for family in FAMILIES)


def test_an_effort_alone_is_not_read() -> None:
    assert message_bulk(Message("system", (), effort="low"), words) == Bulk()


def test_every_message_has_its_frame() -> None:
    assert bulk().fixed_tokens(NEW) == MESSAGE_FRAME


def test_images_cost_what_their_model_sees() -> None:
    source = {"type": "url", "url": "https://example.org/cat.png"}
    seen = bulk(ImageBlock(source))
    assert seen.fixed_tokens(NEW) == MESSAGE_FRAME + 37 * 37
    assert seen.fixed_tokens(TABLE["claude-haiku-4-5"]) == MESSAGE_FRAME + 37 * 37


def test_text_documents_count_as_text_and_pdfs_by_the_page() -> None:
    text = bulk(DocumentBlock.plain("one two three", "four"))
    assert text.text.bpe == 4
    assert bulk(DocumentBlock.url("https://example.org/a.pdf")).pages == 1
    assert bulk(DocumentBlock.base64_pdf("AAAA")).pages == 1


def test_a_document_of_blocks_counts_them() -> None:
    source = {"type": "content", "content": [{"type": "text", "text": "a b c"}]}
    assert bulk(DocumentBlock(source)).text.bpe == 3


def test_hidden_thinking_is_judged_by_its_signature() -> None:
    assert bulk(ThinkingBlock("a b", "x" * 400)).text.bpe == 2
    assert bulk(ThinkingBlock("", "x" * 400)).extra > 50
    assert bulk(RedactedThinkingBlock("x" * 400)).extra > 50


def test_tool_results_count_by_what_is_in_them() -> None:
    parts = [{"type": "text", "text": "a b"}, {"type": "image", "source": {"type": "url"}}]
    found = bulk(ToolResultBlock("tool_result", "id", parts))
    assert (found.text.bpe, len(found.images)) == (2, 1)
    assert bulk(ToolResultBlock("tool_result", "id", "a b c")).text.bpe == 3
    assert bulk(ToolResultBlock("tool_result", "id")).text.bpe == 0
    assert bulk(ToolResultBlock("x_tool_result", "id", {"code": "a b"})).text.bpe == 2


def test_calls_and_unknown_blocks_count_as_their_json() -> None:
    assert bulk(ToolUseBlock("tool_use", "id", "look", {"at": "this thing"})).text.bpe == 2
    assert bulk(UnknownBlock({"type": "new", "text": "a b c"})).text.bpe == 3


@given(st.sampled_from(list(BLOCKS)).flatmap(wires_of).map(block_from_wire))
def test_blocks_of_every_type_are_estimated(block: Block) -> None:
    assert bulk(block).fixed_tokens(NEW) >= MESSAGE_FRAME
    assert bulk(block).text_tokens(NEW) >= 0


def test_newer_models_need_more_tokens_for_latin_text() -> None:
    text = words("plain English words " * 20)
    assert text.tokens(NEW.tokenizer) > text.tokens(OLD.tokenizer)


def test_a_long_text_is_taken_in_slices_that_add_up() -> None:
    text = "Otters swim, 42 of them.\n" * 40_000
    kind = NEW.tokenizer
    assert features(text, 7).tokens(kind) > features(text[:1000], 7).tokens(kind)
