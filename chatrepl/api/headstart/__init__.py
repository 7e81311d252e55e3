"""The request of a single shot leaves before the SDK, or any HTTP library, is loaded.

start      the entry: a request on its way, where it is known to the byte what the SDK would send
wire       a socket of our own, its certificates, and the request written out
headers    what the SDK would send, without it
answer     the answer to it; loaded while the service thinks
kept       the same for the turns of a chat and for many requests: connections that they share
tunnel     the way there through a proxy
framing    where an answer's head and content end

Where `head_start` gives nothing, the SDK sends every request.
"""
