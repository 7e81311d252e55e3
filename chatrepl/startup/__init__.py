"""What is done for speed, and nothing else: each trick, its figure, and the test that holds it.

Figures are user CPU on one machine, where `chatrepl --demo hi` takes 130 ms and the SDK 740 ms to
load; `python -m tests.bench.start` measures the whole anew.

first_sight    The prompt's mark stands before anything slow is imported, after a fifth of the time
early_prompt   of a bare prompt_toolkit prompt. (startup/test_first_sight, test_early_prompt)
meanwhile      A single shot's request leaves before the SDK or any HTTP library is loaded
               (`api/headstart`): it saves the 740 ms. What reads and writes the answer is loaded
               while the service thinks. (test_main, api/headstart)
late imports   The SDK, httpx2, rich and prompt_toolkit are imported where they are first needed,
               inside of functions of `cli`, `startup` and `__main__`. (test_main)
               The SDK is, only where nobody else knows what it would send: a chat takes half the
               memory without it. (api/test_sdk)
lazy           The SDK and the token counter are loaded in a thread. The garbage collector pauses
               meanwhile: 740 ms instead of 910. What is there then is frozen out of its sight.
               Threads take turns ten times as often, so that typing stays smooth.
               (startup/test_lazy)
gc             Garbage is looked for after 50,000 new objects, not 700: a demo shot takes 135 ms
               instead of 146. (startup/test_first_sight)
os._exit       Nothing is torn down at the end: 5 ms of a demo shot. (test_main)
frozen         Frozen values are made without compiling (`core/value`). (core/test_value)
"""
