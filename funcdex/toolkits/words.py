"""The words in names and descriptions, for guesses of what goes with what."""

from __future__ import annotations

import re

from funcdex.types.tools import Tool

_LONGEST_TEXT = 2000
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_VERBS = frozenset(
    (
        *(
            "get",
            "list",
            "search",
            "find",
            "fetch",
            "read",
            "create",
            "add",
            "make",
            "insert",
            "update",
            "edit",
        ),
        *(
            "patch",
            "set",
            "modify",
            "delete",
            "remove",
            "trash",
            "move",
            "copy",
            "send",
            "reply",
            "draft",
            "post",
        ),
        *("cancel", "close", "open", "reopen", "complete", "finish", "assign", "share", "upload", "download"),
        *("export", "import", "confirm", "capture", "refund", "check", "query", "watch", "append", "replace"),
        *(
            "all",
            "by",
            "to",
            "from",
            "of",
            "in",
            "on",
            "for",
            "the",
            "a",
            "an",
            "with",
            "and",
            "new",
            "quick",
        ),
    )
)
_STOP = frozenset("a an and are as at be by for from in is it its of on or that the this to was with".split())


def words_of(name: str) -> tuple[str, ...]:
    """`dueDate`, `due-date` and `DUE_DATE` as ("due", "date")."""
    return tuple(word.lower() for word in _WORD.findall(name[:_LONGEST_TEXT]))


def singular(word: str) -> str:
    """`calendars` as `calendar`, `entries` as `entry`; a guess."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def prose_words(text: object) -> frozenset[str]:
    """The words of a description that say something; of none for what is no text."""
    if not isinstance(text, str):
        return frozenset()
    return frozenset(singular(word) for word in words_of(text) if word not in _STOP and len(word) > 1)


def entities_of_tool(tool: Tool) -> frozenset[str]:
    """What a tool is about: `LIST_CALENDAR_EVENTS` of calendar and event."""
    return frozenset(singular(word) for word in words_of(tool.name) if word not in _VERBS)


def likeness(one: Tool, other: Tool) -> float:
    """How alike two tools are, 0 to 1, by the words of names and descriptions: no meaning is known."""
    mine, theirs = _words_of_tool(one), _words_of_tool(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def _words_of_tool(tool: Tool) -> frozenset[str]:
    return frozenset(map(singular, words_of(tool.name))) | prose_words(tool.description)
