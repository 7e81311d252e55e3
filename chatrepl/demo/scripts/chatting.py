"""Texts about the chat itself: greetings, help, prefill, tokens, truncation."""

NOTE = (
    "> *No model is running: these words come from the demo engine inside chatrepl. "
    "With a key in `ANTHROPIC_API_KEY` you talk to Claude.*"
)
WHO = """\
I am the **demo engine**: no model is running, and nothing leaves this machine.

I speak the Messages API from inside chatrepl, through the same client and the same HTTP stack as \
the real service, so everything you see here works the same with a key:

- streaming, thinking, stop reasons, token counts and cache accounting,
- the rules of the service, prefill and images included,
- every error it can answer with.

To talk to Claude, set `ANTHROPIC_API_KEY` and start chatrepl again. `/help demo` lists what I can \
show until then.
"""
HELLO = """\
Hello! Good to have you here.

You are in **chatrepl**, a terminal chat for Claude. A few things to try:

1. Ask for something with shape: *a table*, *some Python*, *a list of ideas*.
2. Attach a picture with `/image photo.png`, or write `@photo.png` inside a message.
3. Give me a character with `/system You are a pirate.`
4. Put words into my mouth with `/prefill {"answer":` and ask away.

Press **Esc** to stop me in mid-sentence; what I have said until then is kept.
"""
HELP = """\
## What chatrepl does

| you want to | you type |
|:--|:--|
| see all commands | `/help` |
| switch the model | `/model opus` |
| set the system prompt | `/system Answer in French.` |
| begin the reply yourself | `/prefill Dear Ada,` |
| attach a file | `/image chart.png` |
| ask again | `/retry` |
| take a turn back | `/undo` |
| see what is sent, and its price | `/context` |
| shorten the history | `/truncate 20` |

Nothing you type is ever lost: conversations are saved as they happen, and every change can be \
undone.

> In a pipe it is one answer and no noise: `git diff | chatrepl "Write a commit message"`

`/help demo` lists what this engine can show on request.
"""
PREFILL = """\
## Prefill: begin the reply yourself

A prefill is the first part of the reply, written by you. The model continues it, so it decides \
the *form*: the language, the first words, the opening bracket of some JSON.

```text
/prefill {"city": "
› Where is the Eiffel Tower?
{"city": "Paris", "country": "France"}
```

How it is done depends on the model:

| mode | when | what is sent |
|:--|:--|:--|
| **native** | the 4.5 models | a final assistant message |
| **schema** | `/schema` or `/choose` fits | `output_config.format` |
| **emulated** | everywhere else | an instruction in your message, matched and joined |

Use `/prefill pin TEXT` to keep it for every reply and `/prefill clear` to drop it.
"""
TOKENS = """\
## Tokens and money

The API has no memory: each request carries the **whole conversation** again. What keeps that \
cheap is the prompt cache, which bills a prefix it has seen at a fraction of the price.

| turn | sent | from the cache | to pay in full |
|--:|--:|--:|--:|
| 1 | 1,200 | 0 | 1,200 |
| 2 | 1,900 | 1,200 | 700 |
| 3 | 2,700 | 1,900 | 800 |
| 10 | 9,400 | 8,500 | 900 |

- `~1.2k` is an estimate, `1.2k` is what the service reported.
- `/context` shows every turn with its tokens and the price of the next one.
- Changing the system prompt or an early turn makes the cache cold; chatrepl says so first.
"""
TRUNCATE = """\
## When a conversation grows long

`/truncate` keeps the newest turns. It is a **view**: what is left out stays in the transcript.

```text
/truncate 20      the newest 20 turns
/truncate 8k      what fits into 8,000 tokens
/truncate 50%     half of the window
```

1. You get a preview: which turns, how many tokens before and after, what it does to the cache.
2. You say yes or no.
3. `/restore` or `/undo` brings everything back.

To keep single turns use `/pin 3`; to fold old ones into a summary, `/compact`; to keep what bears \
on a question, `/relevant tax return`.
"""
THANKS = "You are welcome. There is more where that came from: `/help demo` has the list.\n"
BYE = "Goodbye. The conversation is saved; `chatrepl -c` goes on right here.\n"
CLOSERS = (
    "Ask for *a table*, *a list* or *some code* to see other shapes.",
    "`/retry` asks again and keeps this answer as a sibling.",
    "`/context` shows what this turn took.",
    "`/help demo` lists everything I can show.",
)
ECHOES = (
    """\
You ask about **{subject}**. Without a model I cannot know the matter, but I can show how an \
answer looks:

- **First**, the point in one sentence.
- **Then**, the reason for it, with an `example`.
- **Last**, what to do next.

{closer}
""",
    """\
On **{subject}**, a real model would now write a few paragraphs.

> The best answer is as long as the question needs.

This one is short: what you see is streamed token by token, rendered as *Markdown* while it \
arrives, and kept in your scrollback as it is.

{closer}
""",
    """\
### {subject}

1. Take the question apart.
2. Answer each part.
3. Put the parts together again.

```text
{quoted}
```

That was your question, word for word, as it went over the wire. {closer}
""",
)
