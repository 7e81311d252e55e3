"""Our look for Markdown: a text to rows of styled segments, at once or as it grows.

blocks/                             what the text says, line by line
inline, highlight, table            what stands inside a block
wrap, layout                        where it stands on the screen
look, footnotes                     colours, sources
document, plain_rows                the whole, growing

A printed row never depends on what comes later: a stream and a whole text give the same rows.
"""
