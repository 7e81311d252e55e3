"""The way in: options, the objects built from them, a shell run, errors to exit codes.

options   what may be said on the command line, and a quick reader for it
app       the same for typer: help, completion, and words for mistakes
start     builds everything and runs one of the shells
stdin     what standard input holds
exits     every way out, with its code
"""
