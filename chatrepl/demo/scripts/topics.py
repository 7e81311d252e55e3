"""What the engine says about a subject: the words that call it, and the Markdown it answers.

A new subject is one `Topic` in `TOPICS`; the first that matches is taken.
"""

import re
from dataclasses import dataclass

from chatrepl.demo.scripts import chatting, coding, writing


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject: a pattern of words, and what is said."""

    name: str
    words: str
    text: str

    def matches(self, question: str) -> bool:
        return re.search(rf"\b(?:{self.words})", question, re.IGNORECASE) is not None


TOPICS = (
    Topic("who", r"(who|what) are you|are you (an?|real|claude)|(which|no) model", chatting.WHO),
    Topic("markdown", r"markdown|formatting|show ?off|sampler", writing.MARKDOWN),
    Topic("prefill", r"prefill", chatting.PREFILL),
    Topic("schema", r"schema|json|structured|choose", coding.JSON_TEXT),
    Topic("tokens", r"token|cost|price|cache|caching|money|cheap", chatting.TOKENS),
    Topic("truncate", r"truncat|context|compact|too long|history|forget", chatting.TRUNCATE),
    Topic("rust", r"rust\b", coding.RUST),
    Topic("javascript", r"javascript|typescript|\bjs\b|node", coding.JAVASCRIPT),
    Topic("sql", r"sql\b|database|query", coding.SQL),
    Topic("bash", r"bash|shell|command line|pipe|terminal", coding.BASH),
    Topic("diff", r"diff\b|patch\b|refactor|review", coding.DIFF),
    Topic("sieve", r"sieve|primes\b|prime numbers?", coding.SIEVE),
    Topic("code", r"code|python|function|program|script|class\b|algorithm|bug", coding.PYTHON),
    Topic("table", r"table|compare|versus|\bvs\b|difference", writing.TABLE),
    Topic("list", r"list|steps|plan\b|todo|how (do|can|to)|ideas|tips", writing.LIST),
    Topic("think", r"think|reason|why\b|puzzle|riddle|prove", writing.THINKING),
    Topic("math", r"math|equation|formula|calculate|sum of", writing.MATHS),
    Topic("poem", r"poem|haiku|verse|sonnet\b", writing.POEM),
    Topic("story", r"story|tale|once upon", writing.STORY),
    Topic("joke", r"joke|funny|laugh", writing.JOKE),
    Topic("scripts", r"deutsch|français|日本語|中文|русский|emoji|unicode", writing.UNICODE),
    Topic("help", r"help|what can you (do|show)|commands?\b|chatrepl|features?", chatting.HELP),
    Topic("hello", r"hello|hi\b|hey\b|good (morning|evening|day)|hallo|bonjour", chatting.HELLO),
    Topic("thanks", r"thanks|thank you|great|nice|cool", chatting.THANKS),
    Topic("bye", r"bye|good night|see you|quit|exit", chatting.BYE),
)  # fmt: skip
BY_NAME = {topic.name: topic for topic in TOPICS}


def find_topic(question: str) -> Topic | None:
    """Return the first subject a question names."""
    return next((topic for topic in TOPICS if topic.matches(question)), None)
