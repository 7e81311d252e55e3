"""The embedded engine: a strict Messages API without a network or a model.

    transport | server      who carries it: our HTTP stack in-process, or loopback HTTP
    engine                  request in, answer out
    validate* turns sealed containers cache tokens models      the rules of the service
    compose replies tooling tools/ schema scripts/ billing      what it answers
    command faults          what it does on request
    gateway                 servers that are not quite the service
    wire stream             the bytes of an answer

A new thing to ask for (`demo: …`) goes into `command.py` and `guide.py`; a new topic into
`scripts/`; a new block into `validate_blocks.py` and `tools/`.
"""
