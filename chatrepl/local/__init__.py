"""A model on this machine: its file, and llama.cpp's own server as a child of ours."""
