"""Where a reply is shown: one class a destination, all with `show(event, reply)`.

live       a terminal: rendered as it streams
plain      a pipe: the text as it comes
json_lines JSON, whole or an event a line
"""
