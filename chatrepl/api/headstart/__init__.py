"""The request of a single shot leaves before the SDK, or any HTTP library, is loaded.

start      the entry: stands in for the client, once
wire       the request and its answer over a socket of our own
headers    what the SDK would send, without it
"""
