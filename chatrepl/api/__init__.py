"""The service: requests in, stream events and errors of ours out.

- credentials, address, route: from settings to where a request goes
- client, http, outgoing, probe: a request, through the SDK
- reader, sse, translate: its answer, as events
- errors: what went wrong, in words; retry: when a request is sent again
- headstart: the first request of a single shot, without waiting for the SDK
- tokens, prices, json_schema: what it costs, what a reply must look like
"""
