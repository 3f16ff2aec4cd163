"""Nothing stands for something that was to be filled in.

Each row of PATTERNS is a form, where it is looked for and whether it has to be the whole value. Looked at are
strings in arguments and responses ("value"), and what user and assistant say ("text").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from funcdex.types.conversation import JsonValue
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.leaves import Leaf, leaves
from funcdex.verify.sources import Source
from funcdex.verify.transcript import Called, TurnSaid

MAX_FAULTS = 10
"""Of one conversation."""
MAX_CHARS = 50_000

_BLANKS = (
    r"insert|enter|add|your|my|user'?s?|customer'?s?|client'?s?|recipient'?s?|sender'?s?|company|name|date|time|"
    r"amount|address|phone|email|link|url|number|placeholder|todo|tbd|fill|title|position|signature|project|team"
)


@dataclass(frozen=True, slots=True)
class Form:
    """`what` it is called; `whole`: it has to be all of a value; `in_texts`: it is looked for in speech
    too."""

    what: str
    pattern: re.Pattern[str]
    whole: bool = False
    in_texts: bool = True


def _form(what: str, pattern: str, *, whole: bool = False, in_texts: bool = True) -> Form:
    return Form(what, re.compile(pattern, re.IGNORECASE), whole, in_texts)


_TO_BE_DONE = "something to be done"
PATTERNS: tuple[Form, ...] = (
    _form("a blank in brackets", rf"\[(?:{_BLANKS})\b[^\[\]\n]{{0,60}}\](?!\()"),
    _form("a blank in brackets", r"\[(?:base64|file|pdf|image|binary|document|full|"
                                 r"actual)\b[^\[\]\n]{0,40}(?:content|data|text|here|"
                                 r"encoded)[^\[\]\n]{0,20}\]"),
    _form("a blank in angle brackets", rf"<(?:{_BLANKS}|base64|some|actual|real|valid|file|content|"
                                       rf"data)\b[^<>\n\"=/]{{0,80}}>"),
    _form("a blank in angle brackets", r"<[a-z][^<>\n\"=/]{0,60}(?:[ _-](?:here|id|content|data|goes here|"
                                       r"string|value|token|key))>"),
    _form("a blank in braces", r"\{\{?\s?(?:insert|your|enter)[ _][^{}\n]{0,60}\}"),
    _form("a blank", r"\b(?:insert|put|enter|add|paste) (?:your |the |some )?[\w ]{2,30} here\b", whole=True),
    _form("a key to be filled in", r"\byour[_-](?:api[_-]?key|access[_-]?token|token|secret|password|"
                                   r"\w{2,20}[_-](?:id|key|here))\b"),
    _form(_TO_BE_DONE, r"(?:TODO|TBD|TBA|FIXME|XXX+|N/?A|\?\?\?+|\.\.\.)[.:]?", whole=True, in_texts=False),
    Form(_TO_BE_DONE, re.compile(r"\b(?:TODO:|FIXME\b)|\[(?:TODO|TBD|TBA|XXX+)\]|<(?:TODO|TBD|XXX+)>")),
    Form("crosses", re.compile(r"(?<![\w*-])[xX]{4,}(?![\w*]|-\d|[ -]?[xX*\d])|(?<!\w)XXX(?![\w-])")),
    _form("the name of a type", r"(?:string|str|null|none|nan|integer|boolean|placeholder|dummy|text here)",
          whole=True, in_texts=False),
    _form("filler text", r"\blorem ipsum\b|\bdolor sit amet\b|\bsome (?:text|content|data) here\b"),
    _form("a dummy number", r"(?<![\d.])(?:\+?1?[ -]?)?\(?123\)?[ -]?456[ -]?7890(?!\d)|"
                            r"(?<!\d)(?:0123456789|9876543210|123456789)(?!\d)"),
    _form("a dummy id", r"\b123e4567-e89b-12d3-a456-426614174\d{3}\b|\b(?:00000000|11111111|aaaaaaaa|"
                        r"x{8})-(?:[0ax1]{4}-){3}[0ax1]{12}\b"),
    _form("a dummy id", r"\b12345678-1234-(?:1234|5678)-\w{4}-\w{12}\b|\ba1b2c3d4-e5f6-\w{4}-\w{4}-\w{12}\b"),
    _form("a dummy id", r"(?:\w{1,12}[_-])?(?:abc[_-]?123|123[_-]?abc|xyz[_-]?(?:123|789)|test[_-]?123|foo|"
                        r"bar|baz|foobar|12345|123456|1234567|12345678)", whole=True, in_texts=False),
    _form("a dummy name", r"\bfoo[/ ]?bar\b|\b(?:john|jane) (?:q\. )?doe\b|\bj(?:ohn|ane)[._]?doe@"),
)  # fmt: skip
EXAMPLE_DOMAIN = _form(
    "an example domain", r"(?:@|://|\bwww\.)(?:[\w-]+\.){0,3}example\.(?:com|org|net|edu)\b"
)
"""Kept apart: `verify.allow_example_domains`. Hosts under `.example` are names like any other here."""

_HINTS = (
    *(
        "[",
        "<",
        "{",
        "??",
        " here",
        "your_",
        "your-",
        "todo",
        "tbd",
        "tba",
        "xx",
        "fixme",
        "n/a",
        "...",
        "lorem",
    ),
    *("dolor", "some text", "some cont", "some data", "123", "987", "7890", "0000", "1111", "aaaa", "a1b2"),
    *("foo", "bar", "baz", "john", "jane", "doe@", "example.", "xyz"),
)
"""One of these is in each text that has one of the forms, and in few others; folded, as texts are."""
_WHOLE_HINTS = frozenset("string str null none nan na na. na: integer boolean placeholder dummy".split()) | {
    "text here"
}
"""The same of forms that are all of a value, a line of a source."""


def _may_hold_one(source: Source) -> bool:
    """A cheap look before the forms are tried one by one."""
    folded = source.folded
    return any(hint in folded for hint in _HINTS) or not _WHOLE_HINTS.isdisjoint(
        line.strip() for line in folded.split("\n")
    )


def placeholders(
    turns: Sequence[TurnSaid],
    tools: Mapping[str, Tool],
    *,
    allow_example_domains: bool = False,
    english: bool = True,
) -> Iterator[Fault]:
    """Reason: placeholder, at most MAX_FAULTS. Not `english`: what is a word elsewhere, as `todo`, may
    stand."""
    forms = tuple(form for form in PATTERNS if english or form.what != _TO_BE_DONE)
    forms = forms if allow_example_domains else (*forms, EXAMPLE_DOMAIN)
    yield from islice(_all(turns, tools, forms), MAX_FAULTS)


def _all(turns: Sequence[TurnSaid], tools: Mapping[str, Tool], forms: tuple[Form, ...]) -> Iterator[Fault]:
    said = tuple(form for form in forms if form.in_texts and not form.whole)
    for index, turn in enumerate(turns):
        for who, source in (("the user", turn.user), ("the assistant", turn.words)):
            if _may_hold_one(source) and (hit := _hit(source.text, said)):
                yield Fault("placeholder", f"{who} says {hit[1]!r}, which is {hit[0]}", index)
        for called in turn.calls:
            yield from _in_call(called, tools.get(called.call.name), index, forms)


def _in_call(called: Called, tool: Tool | None, turn: int, forms: tuple[Form, ...]) -> Iterator[Fault]:
    subject = called.told
    sides = (
        (
            f"arguments of {subject}",
            called.arguments,
            dict(called.call.arguments),
            tool.parameters if tool else {},
        ),
        (f"response to {subject}", called.answer, called.response, tool.response if tool else {}),
    )
    for name, source, value, schema in sides:
        if not _may_hold_one(source):
            continue
        hits = {leaf.path: hit for leaf in source.values if (hit := _hit_in(leaf.value, forms))}
        # Only what is found is looked up in the schema, which takes longer than looking.
        for leaf in leaves(value, schema) if hits else ():
            if leaf.path in hits and not _is_offered(leaf):
                what, text = hits[leaf.path]
                yield Fault("placeholder", f"{name}: {leaf.path}: {text!r} is {what}", turn)


def _hit_in(value: JsonValue, forms: tuple[Form, ...]) -> tuple[str, str] | None:
    return _hit(value, forms) if isinstance(value, str) and value else None


def _is_offered(leaf: Leaf) -> bool:
    """`string` is a value like any other where the schema lists it, or where kinds of things are named."""
    schema, value = leaf.schema, leaf.value
    offered = schema.get("enum"), schema.get("examples"), [schema.get("const"), schema.get("default")]
    return any(isinstance(values, list) and value in values for values in offered) or leaf.key in (
        "type",
        "object",
        "format",
        "kind",
        "dataType",
        "data_type",
    )


def _hit(text: str, forms: tuple[Form, ...]) -> tuple[str, str] | None:
    """What the form is called and what was found."""
    for form in forms:
        match = (
            form.pattern.fullmatch(text.strip()) if form.whole else form.pattern.search(text, 0, MAX_CHARS)
        )
        if match:
            return form.what, match[0][:60]
    return None
