"""A conversation as one HTML page that needs nothing else.

inline     the text inside a block
text       a Markdown text, from the events of our own parser
style      how it looks: light and dark, narrow and wide, on paper
document   the whole
"""
