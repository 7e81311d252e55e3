"""What the model is told of a tool, and what it is answered."""

from chatrepl.core.talk.blocks import TextBlock, ToolUseBlock, block_from_wire
from chatrepl.core.tools import McpServer, Tool, ToolAnswer, ToolCall, ToolProgram


def test_a_tool_is_declared_without_what_it_does_not_say() -> None:
    assert Tool("add", "", {"type": "object"}).to_wire() == {
        "name": "add",
        "input_schema": {"type": "object"},
    }
    assert Tool("add", "Add.", {"type": "object"}).to_wire()["description"] == "Add."


def test_an_answer_names_the_call_that_it_answers() -> None:
    call = ToolCall.from_block(ToolUseBlock("tool_use", "t1", "add", {"a": 1}))
    assert call == ToolCall("t1", "add", {"a": 1})
    block = ToolAnswer((TextBlock("2"),)).to_block(call)
    assert block.to_wire() == {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": [{"type": "text", "text": "2"}],
    }
    assert block_from_wire(block.to_wire()) == block


def test_an_error_is_told_as_one() -> None:
    block = ToolAnswer.error("No such file.").to_block(ToolCall("t1", "read"))
    assert block.to_wire()["is_error"] is True


def test_what_is_not_said_of_a_tool_asks_first() -> None:
    assert ToolProgram("add", ("add",), "Add.").approve == McpServer("files").approve == "ask"
    assert ToolProgram("add", ("add",), "Add.").schema == {"type": "object"}
