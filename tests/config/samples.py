# ruff: noqa: E501 - one line a file reads better
"""Command files as people have them for other programs: thirty, by name; and what each is here.

The first fifteen are in the manner of Claude Code, the next ten in that of pi, the rest in ours.
"""

from typing import Any

CC_HEAD = (
    "---\nallowed-tools: Bash(git add:*), Bash(git status:*)\ndescription: Make a commit\n---\n"
)
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "commit": (
        f"{CC_HEAD}\n## Context\n\n- Status: !`git status`\n- Diff: !`git diff HEAD`\n\nCommit.\n",
        {"description": "Make a commit", "unknown": ("allowed-tools",), "shell": ("git status", "git diff HEAD")},
    ),
    "fix-issue": (
        "Find and fix issue #$ARGUMENTS. Then:\n\n1. Write a test\n2. Mend it\n",
        {"usage": "/fix-issue [ARGUMENTS]", "summary": "Find and fix issue #$ARGUMENTS. Then:"},
    ),
    "review-pr": (
        ("---\nargument-hint: [pr-number] [priority] [assignee]\ndescription: Review pull request\n---\n\n"
        "Review PR #$1 with priority $2 and assign to $3.\n"),
        {"hint": "[pr-number] [priority] [assignee]"},
    ),
    "optimize": ("Analyse this code for speed, and suggest three changes:\n", {"usage": "/optimize"}),
    "frontend:component": (
        "---\ndescription: Create a component: props, tests, story\n---\nCreate $ARGUMENTS as in @src/Button.tsx\n",
        {"description": "Create a component: props, tests, story"},
    ),
    "think-hard": (
        "---\ndescription: 'Plan it, don''t do it'\nmodel: opus\neffort: xhigh\n---\nPlan $@\n",
        {"description": "Plan it, don't do it", "model": "opus", "effort": "xhigh"},
    ),
    "security": (
        ("---\nallowed-tools: Read, Grep, Glob\ndescription: >-\n  Look for holes\n  in the change\nmodel: inherit\n---\n"
        "Look for holes.\n"),
        {"description": "Look for holes in the change", "model": "", "unknown": ("allowed-tools",)},
    ),
    "catchup": (
        "---\nallowed-tools:\n  - Bash(git diff:*)\n  - Read\ndescription: |\n  Catch up\n---\nRead what changed.\n",
        {"description": "Catch up", "unknown": ("allowed-tools",)},
    ),
    "silent": (
        "---\ndescription: Never by itself\ndisable-model-invocation: true\nuser-invocable: true\n---\nx\n",
        {"unknown": ("disable-model-invocation", "user-invocable")},
    ),
    "hooked": (
        ("---\nname: hooked\nhooks:\n  PreToolUse:\n    - matcher: Bash\n      hooks:\n        - type: command\n"
        "          command: ./check.sh\n---\nDo $0, then $ARGUMENTS[0]\n"),
        {"unknown": ("name", "hooks")},
    ),
    "team:daily:standup": ("What did @me do? $ARGUMENTS\n", {"usage": "/team:daily:standup [ARGUMENTS]"}),
    "explain": ("---\n---\n\nExplain @$1 to a beginner.\n", {"usage": "/explain [ARGUMENTS]"}),
    "rule": ("---\nA rule begins this text, and no head.\n", {"summary": "---"}),
    "windows": (
        "\ufeff---\r\ndescription: From Windows\r\n---\r\nDo\r\nit\r\n",
        {"description": "From Windows", "body": "Do\nit"},
    ),
    "shell-block": ("Before\n\n```!\ngit log -3\ngit status\n```\n", {"shell": ("git log -3\ngit status",)}),
    "pr": (
        '---\ndescription: Review PRs from URLs with structured analysis\nargument-hint: "<PR-URL>"\n---\nReview: $@\n',
        {"usage": "/pr <PR-URL>"},
    ),
    "is": ("---\ndescription: Analyze GitHub issues (bugs or features)\n---\nAnalyze: $ARGUMENTS\n", {}),
    "cl": ("---\ndescription: Audit changelog entries before release\n---\nAudit since ${1:-the last tag}.\n", {}),
    "wr": ('---\nargument-hint: "[instructions]"\n---\nWrap it.\n\nAdditional: $ARGUMENTS\n', {"hint": "[instructions]"}),
    "component": ("Create a React component named $1 with features: ${@:2}\n", {}),
    "slice": ("First ${@:1:1}, then ${@:2}\n", {"usage": "/slice [ARGUMENTS]"}),
    "plain": ("# Say it plainly\n\nRewrite the last reply.\n", {"summary": "Say it plainly", "usage": "/plain"}),
    "unicode_é": ("---\ndescription: Übersetze\n---\nÜbersetze: $@\n", {"description": "Übersetze"}),
    "hint": ("---\nargument-hint: [file | #PR | PR-URL]\n---\nReview $1\n", {"hint": "[file | #PR | PR-URL]"}),
    "long": (f"---\ndescription: Long\n---\n{'word ' * 9_000}\n", {"description": "Long"}),
    "json": (
        "---\ndescription: As JSON\nmodel: haiku\nprefill: '{\"name\":'\n---\nInvent somebody.\n",
        {"prefill": '{"name":', "model": "haiku"},
    ),
    "sentiment": ('---\nchoose: [good, bad, "so, so"]\n---\n{{stdin}}\n', {"choose": ("good", "bad", "so, so")}),
    "person": (
        '---\nschema: {"type": "object"}\nattach:\n  - style.md\n  - "my picture.png"\n---\nRead it.\n',
        {"schema": '{"type": "object"}', "attach": ("style.md", "my picture.png")},
    ),
    "toml": (
        '+++\ndescription = "In TOML"\nchoose = ["yes", "no"]\n[schema2]\na = 1\n+++\nSo?\n',
        {"choose": ("yes", "no"), "unknown": ("schema2",)},
    ),
    "classify": (
        "---\neach: true\nrows: name, age int\nsystem: |\n  Be brief.\n  Be right.\n---\nWhat is {}?\n",
        {"each": "true", "rows": "name, age int", "system": "Be brief.\nBe right."},
    ),
}  # fmt: skip
