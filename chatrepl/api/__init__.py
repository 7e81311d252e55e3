"""The service: requests in, stream events and errors of ours out.

- credentials, address, connect: from settings to a client
- client, sending, http: a request, through the SDK
- reader, sse, translate: its answer, as events
- errors, faults, patience, redact, origin: what went wrong, in words
- retry: when a request is sent again
- warmup, headstart, ahead, sdkheaders: nobody waits for the SDK or the HTTP client to load
- tokens, prices, models: what it costs and what there is
- demo: the same service without a network
"""
