"""The embedded engine: a strict Messages API without a network or a model.

    transport | server      who carries it: the SDK's HTTP stack in-process, or loopback HTTP
    engine                  request in, answer out
    validate* cache thinking tokens models     the rules of the service
    compose replies schema scripts/            what it answers
    command faults          what it does on request
    wire stream             the bytes of an answer

A new thing to ask for (`demo: …`) goes into `command.py` and `guide.py`; a new topic into
`scripts/`.
"""
