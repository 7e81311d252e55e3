"""The block structure of Markdown, read line by line; what is closed never changes.

lines      a text to lines, and long ones to pieces
starts     what begins a block
leaves     what a line may be added to
parser     the open blocks, and what becomes of them
events     what the parser says
"""
