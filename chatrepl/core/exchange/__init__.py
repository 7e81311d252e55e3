"""One request and its answer: what of the conversation is sent, how it is asked, what comes."""
