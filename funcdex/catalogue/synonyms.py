"""Words that APIs use one for another, and the verbs that tell what a tool does.

General words of APIs, each line one thing. A word may stand in several lines; it does not make their other
words alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from funcdex.catalogue.words import stem

ACTIONS = {
    "send": "send post publish submit deliver notify forward reply dispatch put push enqueue",
    "create": "create add insert make register generate start post open issue schedule build provision",
    "get": "get fetch retrieve read show view describe lookup load check",
    "list": "list get browse enumerate index retrieve fetch all",
    "search": "search find query lookup filter match discover list",
    "update": "update edit change modify patch set put replace rename adjust",
    "delete": "delete remove destroy drop erase purge clear unset",
    "cancel": "cancel void abort revoke terminate stop cancellation",
    "upload": "upload put attach import store",
    "download": "download export get retrieve",
    "move": "move transfer relocate migrate",
    "copy": "copy duplicate clone",
    "start": "start run launch begin execute trigger boot",
    "stop": "stop halt pause end shutdown terminate suspend",
    "enable": "enable activate unlock",
    "disable": "disable deactivate block suspend lock ban",
    "assign": "assign attach associate link",
    "invite": "invite invitation add",
    "share": "share permission grant access",
    "complete": "complete close finish done resolve",
    "book": "book reserve reservation booking order",
    "pay": "pay payment charge",
    "refund": "refund reimburse return",
    "translate": "translate translation",
    "convert": "convert conversion transform",
    "validate": "validate verify validation verification check",
    "analyze": "analyze analyse analysis analytics",
    "recognize": "recognize recognition detect detection identify",
    "invoke": "invoke call execute run invocation",
    "merge": "merge join combine",
    "subscribe": "subscribe subscription follow",
    "unsubscribe": "unsubscribe unfollow remove",
    "reset": "reset restart clear",
    "restore": "restore recover undelete",
    "reject": "reject decline deny",
    "approve": "approve accept confirm",
}
"""What a tool does -> the words for it, the plainest first."""

KINDS = (
    "get list search download analyze recognize validate",
    "create send upload copy start invite book subscribe share pay",
    "update reset restore enable complete move assign",
    "delete cancel unsubscribe disable stop reject",
    "refund translate convert invoke merge approve",
)
"""Actions, each line those of one kind: what only reads is not what makes, changes or ends a thing."""

THINGS = (
    "email mail message gmail",
    "message chat text",
    "sms text message",
    "attachment file",
    "file document object",
    "doc document file",
    "folder directory",
    "image photo picture",
    "video movie film clip",
    "song track music",
    "audio speech voice sound recording",
    "transcribe transcript transcription",
    "customer client",
    "contact person people",
    "user member account person people profile",
    "teammate colleague member user",
    "repo repository",
    "issue ticket bug",
    "case ticket request",
    "task todo item",
    "comment note reply",
    "label tag",
    "meeting event conference appointment",
    "attendee participant guest invitee",
    "participant member attendee",
    "event appointment",
    "product item article",
    "shop store",
    "stock inventory quantity",
    "stock quote ticker share equity",
    "price rate cost quote amount",
    "currency money exchange forex",
    "bill invoice",
    "plan subscription",
    "order purchase",
    "parcel package shipment",
    "shipping shipment delivery",
    "track tracking status",
    "address location place",
    "coordinate geocode latitude longitude",
    "direction route",
    "restaurant food place business",
    "weather forecast temperature",
    "news article headline",
    "server instance machine vm host",
    "virtual machine instance vm",
    "pod container",
    "cache cdn",
    "database db table",
    "row record entry item",
    "sheet spreadsheet worksheet",
    "cell range value",
    "phone telephone number",
    "call phone telephone",
    "url link",
    "key token credential",
    "password credential secret",
    "statistic stat metric report analytic insight",
    "log entry record history",
    "deal opportunity",
    "stage status state",
    "team group",
    "queue message",
    "language locale",
    "text content",
    "tweet status",
    "account balance",
    "money fund",
    "transaction payment",
    "card credit",
    "language detect",
)

PHRASES = {
    "money back": "refund",
    "sign up": "register",
    "log in": "login",
    "sign in": "login",
    "log out": "logout",
    "sign out": "logout",
    "turn on": "enable",
    "turn off": "disable",
    "switch on": "enable",
    "switch off": "disable",
    "set up": "create",
    "get rid of": "delete",
    "take back": "revoke",
    "put off": "postpone",
    "call off": "cancel",
    "look for": "search",
    "how many": "count",
    "how much": "price",
    "near me": "nearby",
    "text message": "sms",
}
"""Several words that together mean what none of them does -> one that APIs use."""

SYNONYM_WEIGHT = 0.6
"""What a synonym counts for, where the word itself counts 1."""


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Stem -> the stems of other words for it."""
    found: dict[str, dict[str, None]] = {}
    for line in (*ACTIONS.values(), *THINGS):
        stems = [stem(word) for word in line.split()]
        for word in stems:
            found.setdefault(word, {}).update(dict.fromkeys(other for other in stems if other != word))
    return {word: tuple(others) for word, others in found.items()}


@cache
def plainest() -> Mapping[str, frozenset[str]]:
    """Stem -> the stems of other things, and of the plainest words for what it does: `make` -> {`creat`},
    `post` -> {`send`, `creat`}. Names of tools are made of these; the other verbs are many, and most of them
    are words for other things as well."""
    found: dict[str, set[str]] = {}
    for action, line in ACTIONS.items():
        for word in line.split():
            found.setdefault(stem(word), set()).add(stem(action))
    for line in THINGS:
        for word in line.split():
            found.setdefault(stem(word), set()).update(map(stem, line.split()))
    return {word: frozenset(plain) for word, plain in found.items()}


@cache
def actions() -> Mapping[str, str]:
    """Stem of a verb -> the action it stands for. A word of several lines stands for the one it begins, else
    for the first that has it."""
    found: dict[str, str] = {stem(action): action for action in ACTIONS}
    for action, line in ACTIONS.items():
        for word in line.split():
            found.setdefault(stem(word), action)
    return found


@cache
def meanings() -> Mapping[str, frozenset[str]]:
    """Stem of a verb -> every action that it may stand for: `post` -> {`send`, `create`}."""
    found: dict[str, set[str]] = {}
    for action, line in ACTIONS.items():
        for word in line.split():
            found.setdefault(stem(word), set()).add(action)
    return {word: frozenset(meant) for word, meant in found.items()}


@cache
def kinds() -> Mapping[str, int]:
    """Action -> its kind."""
    return {action: kind for kind, line in enumerate(KINDS) for action in line.split()}


def without_phrases(text: str) -> str:
    """`text` with the word that APIs use in the place of each phrase."""
    return _phrase().sub(lambda found: PHRASES[" ".join(found[0].lower().split())], text)


@cache
def _phrase() -> re.Pattern[str]:
    one_of = "|".join(phrase.replace(" ", r"\s+") for phrase in PHRASES)
    return re.compile(rf"(?ai)\b(?:{one_of})\b")
