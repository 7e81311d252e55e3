"""The service: requests in, stream events and errors of ours out.

- credentials, address, route: from settings to where a request goes
- client, http, outgoing, probe: a request; sdk: where only the SDK knows how to send it
- reader, sse, translate: its answer, as events
- errors: what went wrong, in words; retry: when a request is sent again
- headstart: what the SDK would send, without it; a shot's first request, and plain turns
- tokens, prices, json_schema: what it costs, what a reply must look like
"""
