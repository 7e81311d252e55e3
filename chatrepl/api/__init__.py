"""The service: requests in, stream events and errors of ours out.

connect credentials warmup headstart   from settings to something that answers
client reader sse translate            a request, and the answer as events
errors faults patience redact origin   what went wrong, in words
retry                                  when it is sent again
demo/                                  the same service without a network
"""
