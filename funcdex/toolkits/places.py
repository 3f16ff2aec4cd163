"""The fields of responses and the parameters of tools that can be passed on: what each says, and of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from funcdex.toolkits.told import IDS, Thing, told_things
from funcdex.toolkits.words import entities_of_tool, prose_words, singular, words_of
from funcdex.types.error_response import response_forms
from funcdex.types.tools import JsonSchema, Tool

MAX_FIELDS = 300
MAX_DEPTH = 6
"""How many fields of one response are looked at, and how deep."""

_LONGEST = 400
"""Characters of a description that are looked at."""
_MARKS = frozenset(("email", "mail", "url", "uri", "link", "phone", "slug", "sha", "token", "code"))
_ACCOUNTS = frozenset(("login", "username", "handle"))
_CONTAINERS = frozenset(
    (
        *"item data result value record entry object response list element row content output".split(),
        *"payload body node edge resource info detail collection match".split(),
    )
)
_MODIFIERS = frozenset(
    "or the of a new target source primary default parent root other by latest current html".split()
)
_PAGING = frozenset(("page", "cursor", "sync", "etag", "next"))
_MAKES = frozenset(
    "add copy create duplicate edit import insert make new rename update upload upsert".split()
)
_MAKES_ANOTHER = _MAKES - {"edit", "rename", "update"}
_BARE = tuple((word,) for word in ("id", "gid", "sid", "uid", "uuid", "key", "uri", "number"))
_OF_AN_ENTRY = re.compile(r"\[0\]\.[^.\[]+$")
_TOLD_OF: Mapping[str, tuple[str, ...]] = {
    "": (),
    "id": ("id", "number", "url"),
    "number": ("id", "number"),
    "name": ("name", "login", "id"),
    "url": ("url", "email", "id"),
}
"""The marks of which a description of a sort says whose they are."""
_SORTS = frozenset(("email", "mail", "web"))
_SCALARS = ("string", "integer", "number")
_SAYS_NOTHING = frozenset(
    (
        *"type status state kind name title description text message count total limit offset page".split(),
        *"size order sort filter query field max min position version etag mime created updated".split(),
        *"modified time date start end note color on at due day self object value format language".split(),
        *"summary locale zone result amount".split(),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a response or a parameter: `mark` is what it says (an id, an address), `things` of what, one
    or another. `own`: its name or description says so, not only where it stands. `fresh`: it is of what the
    tool has made or found, so that nobody can have told the tool."""

    path: str
    mark: str
    things: frozenset[Thing]
    own: bool
    type: str
    words: frozenset[str]
    text: str
    fresh: bool = False
    required: bool = False

    @property
    def all_words(self) -> frozenset[str]:
        """The words of all things it may be of."""
        return frozenset().union(*self.things)


def fields_of(tool: Tool) -> Iterator[Place]:
    """What its response holds."""
    about, first = entities_of_tool(tool), words_of(tool.name)[:1]
    of_new = about if _MAKES.intersection(first) else frozenset()
    makes = bool(_MAKES_ANOTHER.intersection(first))
    walk = _leaves(response_forms(tool.response).fine, "", (), 0)
    for (path, names, schema), _ in zip(walk, range(MAX_FIELDS), strict=False):
        place = _field(path, names, schema, about, of_new, _said_by(tool))
        if place is not None:
            bare = tuple(words_of(names[-1])) in _BARE
            fresh = bare and bool(_OF_AN_ENTRY.search(path) or (makes and not _parents(names)))
            yield replace(place, fresh=fresh)


def parameters_of(tool: Tool) -> Iterator[Place]:
    """What it is called with, at the top; a list by what it holds."""
    about, required = entities_of_tool(tool), required_of(tool)
    makes = bool(_MAKES.intersection(words_of(tool.name)[:1]))
    for name, schema in _properties(tool):
        place = _parameter(name, schema, about, _said_by(tool), makes=makes)
        if place is not None:
            yield replace(place, required=name in required)


def required_of(tool: Tool) -> frozenset[str]:
    """The names of the parameters it cannot do without."""
    required = tool.parameters.get("required")
    names = required if isinstance(required, list | tuple) else ()
    return frozenset(name for name in names if isinstance(name, str))


@dataclass(frozen=True, slots=True)
class Described:
    """A field or a parameter that has a description: `text` is that, with names before it."""

    path: str
    type: str
    text: str


def described_fields(tool: Tool) -> Iterator[Described]:
    """What of its response a description could tell the meaning of."""
    walk = _leaves(response_forms(tool.response).fine, "", (), 0)
    for (path, names, schema), _ in zip(walk, range(MAX_FIELDS), strict=False):
        if names:
            yield from _described(path, (tool.name, *names), schema)


def described_parameters(tool: Tool) -> Iterator[Described]:
    """The same of what it is called with."""
    for name, schema in _properties(tool):
        yield from _described(name, (name,), schema)


def _described(path: str, names: Sequence[str], schema: JsonSchema) -> Iterator[Described]:
    description = schema.get("description")
    if not _is_open(schema) or not isinstance(description, str) or not description.strip():
        return
    words = tuple(singular(word) for word in words_of(names[-1]))
    marked = any(word in IDS or word in _MARKS or word == "number" for word in words)
    if marked or not (_SAYS_NOTHING | _PAGING).intersection(words):
        before = " ".join(word for name in names for word in words_of(name))
        yield Described(path, _type_of(schema), f"{before}: {description[:_LONGEST]}")


def _properties(tool: Tool) -> Iterator[tuple[str, JsonSchema]]:
    """The parameters; of a list what it holds."""
    properties = tool.parameters.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping):
            items = schema.get("items")
            one = items if schema.get("type") == "array" and isinstance(items, Mapping) else schema
            yield name, _with_description(one, schema)


def _leaves(
    schema: object, path: str, names: tuple[str, ...], depth: int
) -> Iterator[tuple[str, tuple[str, ...], JsonSchema]]:
    """Path, the names on the way and schema of every scalar that a response can hold."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return
    for keyword in ("anyOf", "oneOf", "allOf"):
        options = schema.get(keyword)
        for option in options if isinstance(options, list | tuple) else ():
            yield from _leaves(option, path, names, depth + 1)
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, Mapping):
        for name, sub in properties.items():
            yield from _leaves(sub, f"{path}.{name}" if path else name, (*names, name), depth + 1)
    elif isinstance(items, Mapping):
        yield from _leaves(_with_description(items, schema), f"{path}[0]", names, depth + 1)
    elif _type_of(schema) in _SCALARS:
        yield path, names, schema


def _with_description(one: JsonSchema, outer: JsonSchema) -> JsonSchema:
    """What a list holds is described where the list is, if not where it stands itself."""
    return one if "description" in one else {"description": outer.get("description"), **one}


def _type_of(schema: JsonSchema) -> str:
    told = schema.get("type")
    kinds = [told] if isinstance(told, str) else [one for one in told or () if one != "null"]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _is_open(schema: JsonSchema) -> bool:
    return _type_of(schema) in _SCALARS and not schema.get("enum") and "const" not in schema


def _field(
    path: str,
    names: Sequence[str],
    schema: JsonSchema,
    about: frozenset[str],
    of_new: frozenset[str],
    known: frozenset[str],
) -> Place | None:
    if not names or not _is_open(schema):
        return None
    words = tuple(singular(word) for word in words_of(names[-1]))
    sort, told = _told(schema)
    mark, own = _named(words, sort, bool(told), schema, known)
    if not mark and words in (("name",), ("login",), ("username",), ("handle",)):
        mark, own = ("name" if words == ("name",) else "login"), frozenset()
    if not mark or _PAGING & own and mark not in ("id", "number", "url"):
        return None
    told = told if mark in _TOLD_OF[sort] else frozenset()
    parents = _parents(names)
    things = {own} if own else {parents}
    things |= told
    if not own and not parents:
        things.add(of_new if told else about)
    things.discard(frozenset())
    return _place(path, mark, frozenset(things), bool(own or told), schema)


def _parameter(
    name: str, schema: JsonSchema, about: frozenset[str], known: frozenset[str], *, makes: bool
) -> Place | None:
    if not _is_open(schema):
        return None
    words = tuple(singular(word) for word in words_of(name))
    sort, told = _told(schema)
    mark, own = _named(words, sort, bool(told), schema, known)
    if not mark and sort == "name" and told and not _SAYS_NOTHING.intersection(words):
        # The name of a new thing is made up.
        mark, own = ("" if makes and any(thing & about for thing in told) else "name"), frozenset(words)
    elif not mark and len(words) == 1 and words[0] not in _SAYS_NOTHING and _type_of(schema) == "string":
        mark, own = "login", frozenset(words)
    if not mark or _PAGING & own and mark not in ("id", "number", "url"):
        return None
    told = told if mark in _TOLD_OF[sort] else frozenset()
    things = {own, *told} - {frozenset()} or {about}
    return _place(name, mark, frozenset(things), bool(own or told), schema)


def _named(
    words: Sequence[str], sort: str, told: bool, schema: JsonSchema, known: frozenset[str]
) -> tuple[str, Thing]:
    """The mark that a name has, or that the description gives it, and what else the name says; "" if none."""
    marks = [word for word in words if word in IDS or word in _MARKS]
    if not marks and words and words[-1] == "number":
        marks = ["number"]
    little = _MODIFIERS | known
    if marks:
        own = frozenset(word for word in words if word not in IDS and word not in marks)
        return ("id" if marks[-1] in IDS else _same(marks[-1])), own - little - _CONTAINERS
    if any(word in _SAYS_NOTHING - {"type", "value"} for word in words):
        return "", frozenset()  # A title or a date of one thing is seldom that of another.
    if schema.get("format") == "uri":
        return "url", frozenset(words) - little
    if (sort == "id" or sort == "number" and told) and "type" not in words:
        return sort, frozenset(words) - little - _CONTAINERS
    return "", frozenset()


def _said_by(tool: Tool) -> frozenset[str]:
    """The name of the toolkit, which says nothing within it: `hubspot_owner_id`."""
    return frozenset(words_of(tool.toolkit))


def _told(schema: JsonSchema) -> tuple[str, frozenset[Thing]]:
    description = schema.get("description")
    sort, things = told_things(description) if isinstance(description, str) else ("", frozenset())
    kept = (thing - _MODIFIERS - _SORTS for thing in things)
    return sort, frozenset(thing for thing in kept if thing)


def _place(path: str, mark: str, things: frozenset[Thing], own: bool, schema: JsonSchema) -> Place | None:
    if not things:
        return None
    description = schema.get("description")
    text = description if isinstance(description, str) else ""
    return Place(path, mark, things, own, _type_of(schema), prose_words(text), text)


def _parents(names: Sequence[str]) -> Thing:
    for name in reversed(names[:-1]):
        words = frozenset(singular(word) for word in words_of(name)) - _CONTAINERS - _MODIFIERS
        if words:
            return words
    return frozenset()


def _same(mark: str) -> str:
    return {"mail": "email", "uri": "url", "link": "url"}.get(mark, mark)
