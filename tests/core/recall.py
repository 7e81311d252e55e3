"""Long chats with facts hidden in them, and questions for these facts.

Used by the tests of relevance and by its benchmark: of the facts asked for, how many are in the
turns that are kept?
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pydoc_data.topics import topics

from chatrepl.core.context.relevance import Index
from chatrepl.core.context.trim import Budget, Weighed, plan, plan_relevant
from chatrepl.core.talk.conversation import TurnId
from tests.core.replay import samples

ATTRIBUTES = (
    ("port", "listening socket number"), ("password hint", "secret clue"),
    ("deadline", "due date"), ("owner", "responsible person"),
    ("bucket name", "storage location"), ("timeout", "max wait"), ("version", "release"),
    ("colour", "hue"), ("budget", "spending cap"), ("hostname", "machine address"),
    ("branch", "git ref"), ("retention", "how long we keep it"), ("region", "data centre area"),
    ("licence", "terms"), ("codename", "nickname"),
)  # fmt: skip
THINGS = (
    "billing service", "mobile app", "staging cluster", "nightly export", "invoice parser",
    "search index", "auth gateway", "print shop", "warehouse robot", "newsletter",
    "greenhouse sensor", "school timetable", "wedding list", "thesis chapter", "bike rental",
    "podcast feed", "clinic booking", "tax report", "garden plan", "chess club", "photo archive",
    "recipe box", "van conversion", "language course",
)  # fmt: skip
ZH_ATTRIBUTES = (
    "端口",
    "截止日期",
    "负责人",
    "超时时间",
    "版本号",
    "预算",
    "分支",
    "保留期限",
    "地区",
    "代号",
)
ZH_THINGS = (
    "账单服务", "移动应用", "预发布集群", "夜间导出", "发票解析器", "搜索索引", "认证网关",
    "仓库机器人", "课程表", "婚礼名单", "花园计划", "租车平台",
)  # fmt: skip
ZH_WHO = ("我们", "老师", "工程师", "邻居", "团队", "客户", "医生", "作者", "孩子们", "管理员")
ZH_DOES = (
    "讨论了",
    "修改了",
    "检查了",
    "忘记了",
    "喜欢",
    "需要",
    "打开了",
    "重新设计了",
    "解释了",
    "翻译了",
)
ZH_WHAT = (
    "这个方案",
    "昨天的文章",
    "新的房间",
    "一段代码",
    "天气预报",
    "那本小说",
    "数据库的结构",
    "会议记录",
    "早餐",
    "测试结果",
)
JA = (
    "昨日は雨が降りました。",
    "このコードを見てください。",
    "次の会議は火曜日です。",
    "新しい本を読んでいます。",
    "駅まで歩いて行きます。",
    "結果は良かったと思います。",
)
WINDOW = 10


@dataclass(frozen=True)
class Chat:
    """Texts of the turns, and (turn that holds the answer, question, importance)."""

    texts: list[str]
    questions: list[tuple[int, str, float]]


def english_pool() -> list[str]:
    names = sorted(name for name in topics if len(topics[name]) > 1500)
    return [topics[name] for name in names] + [str(s["text"]) for s in samples()]


def chinese_pool() -> list[str]:
    rng = random.Random(0)
    pool = []
    for _ in range(60):
        said = [
            f"{rng.choice(ZH_WHO)}{rng.choice(ZH_DOES)}{rng.choice(ZH_WHAT)}。"
            if rng.random() < 0.7
            else rng.choice(JA)
            for _ in range(90)
        ]
        pool.append("".join(said))
    return pool


def make_chat(rng: random.Random, pool: list[str], *, chinese: bool, turns: int = 120) -> Chat:
    """Plant facts in a chat, each with mentions elsewhere that lead astray."""
    said = [[_cut(rng, pool, 40, 260), _cut(rng, pool, 400, 3500)] for _ in range(turns)]
    asked: list[tuple[int, str, float]] = []
    used: set[tuple[str, str]] = set()
    while len(asked) < 45:
        thing = rng.choice(ZH_THINGS if chinese else THINGS)
        what = (rng.choice(ZH_ATTRIBUTES),) * 2 if chinese else rng.choice(ATTRIBUTES)
        if (thing, what[0]) in used:
            continue
        used.add((thing, what[0]))
        value = f"{rng.choice('abcdefgh')}{rng.randint(100, 99999)}"
        at = rng.randrange(turns - 2)
        fact, question = (_zh if chinese else _en)(rng, thing, what, value)
        side = 0 if rng.random() < 0.75 else 1
        cut = rng.randrange(len(said[at][side]))
        said[at][side] = f"{said[at][side][:cut]} {fact} {said[at][side][cut:]}"
        for _ in range(rng.randint(1, 4)):
            said[rng.randrange(turns)][1] += "\n" + _astray(rng, thing, chinese=chinese)
        age = turns - at
        asked.append((at, question, 0.5 if age <= 10 else 0.3 if age <= 40 else 0.2))
    return Chat(["\n".join(turn) for turn in said], asked)


def _cut(rng: random.Random, pool: list[str], least: int, most: int) -> str:
    text = rng.choice(pool)
    start = rng.randint(0, max(0, len(text) - least))
    return text[start : start + rng.randint(least, most)] or text


def _en(rng: random.Random, thing: str, what: tuple[str, str], value: str) -> tuple[str, str]:
    form = rng.choice((
        "The {} for the {} is {}.", "{} of the {} = {}, as far as I know.",
        "I set the {} on the {} to {} this morning.",
    ))  # fmt: skip
    x = rng.random()
    if x < 0.5:
        question = f"What was the {what[0]} of the {thing} again?"
    elif x < 0.75:
        question = f"Remind me of the {what[1]} for the {thing}?"
    elif x < 0.9:
        question = (
            f"And that thing you said about the {thing.rsplit(maxsplit=1)[-1]}, what value was it?"
        )
    else:
        question = "What did I tell you about that earlier, the exact value please?"
    return form.format(what[0], thing, value), question


def _zh(rng: random.Random, thing: str, what: tuple[str, str], value: str) -> tuple[str, str]:
    question = f"{thing}的{what[0]}是多少？" if rng.random() < 0.7 else f"{thing}那个值是什么？"
    return f"{thing}的{what[0]}是{value}。", question


def _astray(rng: random.Random, thing: str, *, chinese: bool) -> str:
    if chinese:
        return f"{thing}还有别的问题吗？"
    return rng.choice((
        f"Could the {thing} be rewritten later?", f"Here is some more on the {thing}.",
        f"The {thing} came up in the meeting too, with 3 open items.",
    ))  # fmt: skip


def recall(
    chats: int, share: float, *, chinese: bool, seed: int, tokens: Callable[[str], int]
) -> tuple[float, float]:
    """Give the weighted share of facts still there: by relevance, and by dropping the oldest."""
    rng = random.Random(seed)
    pool = chinese_pool() if chinese else english_pool()
    total = hit = hit_oldest = 0.0
    for _ in range(chats):
        chat = make_chat(rng, pool, chinese=chinese)
        turns = [Weighed(TurnId(str(i)), tokens(t) + 8) for i, t in enumerate(chat.texts)]
        index = Index()
        for i, text in enumerate(chat.texts):
            index.add(TurnId(str(i)), text)
        room = share * sum(turn.tokens for turn in turns)
        oldest = set(plan(turns, Budget(room, room)).kept)
        for at, question, weight in chat.questions:
            kept = plan_relevant(turns, index.scores(question), target=room).kept
            total += weight
            hit += weight * (TurnId(str(at)) in kept)
            hit_oldest += weight * (TurnId(str(at)) in oldest)
    return hit / total, hit_oldest / total


def rough_tokens(text: str) -> int:
    """Count roughly, without an encoder: words and single characters of other scripts."""
    return len(re.findall(r"[A-Za-z0-9_]{1,6}|[^\sA-Za-z0-9_]", text))
