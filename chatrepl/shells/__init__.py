"""The three ways to talk: a chat on a terminal, one question through a pipe, and many questions.

repl        a chat: what is typed (line_reader, typed_line, mentioned, counting), what is asked
            first (consent, tool_consent), what comes (replies, side_questions, comparison, titles)
desk        what a chat needs of its terminal; prompt_feeds: what stands around its prompt;
            keep_warm: what it does meanwhile; guard: what becomes of a bug in it
oneshot     one question; comparing: several replies to it at once
each        many questions: sent one by one (live), or in batches (batched, dispatch, flights);
            attempt: one of them; sinks: how answers are written; tally, scores: what became of all
bugs        what is kept of a bug; mutter: words on stderr
"""
