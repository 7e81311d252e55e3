"""The texts the embedded engine answers with, one module a kind of text."""
