from chatrepl.demo.scripts import chatting


def test_every_shape_takes_its_words() -> None:
    for shape in chatting.ECHOES:
        filled = shape.format(subject="tea", closer=chatting.CLOSERS[0], quoted="why")
        assert "tea" in filled
        assert chatting.CLOSERS[0] in filled


def test_it_says_how_to_get_a_real_model() -> None:
    for text in (chatting.NOTE, chatting.WHO):
        assert "ANTHROPIC_API_KEY" in text
