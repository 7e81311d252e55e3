"""The way in: options, the objects built from them, a shell run, errors to exit codes.

exits          the way in, and every way out with its code; failures: what is said of one
options        what may be said on the command line; command_line reads it, or app with typer
start          which shell, or which page
assemble       the configuration and the session; connection, loop: what a session asks with
chat, desk     a chat; shot, comparison, dryrun: one question
many, batches  many questions; fetching: their answers out of a batch; questions, sources,
               beforehand: their items and their price; answers: how they are written
pages          what is printed instead; doctor: one of them
benches        tools, where some are named; serving, toolbox: what they come from
"""
