"""Which field can be which parameter by what they are called, and how sure that is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from funcdex.toolkits.places import Place, fields_of, parameters_of, required_of
from funcdex.toolkits.words import entities_of_tool, words_of
from funcdex.types.tools import Tool

LEAST_WEIGHT = 0.45
"""Below it a pair is not taken for an edge."""
MAX_LEADS = 64
"""Fields of one sort looked at for one parameter, so that the graph of 5,000 tools takes seconds."""

_NAME = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)+")
_LONGEST = 400
_NAMED = 0.95
"""How sure what a description names is, and how many characters of it are looked at."""
_LEAST_SHARED = 0.6
_OF_ANYTHING = ("id", "url", "number", "login", "name", "sha", "slug")
_GONE = frozenset(("delete", "remove", "trash", "erase", "cancel", "revoke"))
_SURE_MARKS = ("id", "email", "url", "number", "login")


@dataclass(frozen=True, slots=True)
class ReadTool:
    """A tool as joins look at it. `ends`: after it is called, what it returns is gone. `required`: names of
    parameters."""

    name: str
    about: frozenset[str]
    fields: tuple[Place, ...]
    parameters: tuple[Place, ...]
    ends: bool
    required: frozenset[str]


Lead = tuple[ReadTool, Place]
Offers = Mapping[tuple[str, str, str], Sequence[Lead]]
"""Fields by what they say, their type, and each word of what they are of."""


def read_tool(tool: Tool) -> ReadTool:
    """What can be joined of a tool."""
    return ReadTool(
        tool.name,
        entities_of_tool(tool),
        tuple(fields_of(tool)),
        tuple(parameters_of(tool)),
        bool(_GONE.intersection(words_of(tool.name))),
        required_of(tool),
    )


def offers_of(tools: Sequence[ReadTool]) -> Offers:
    """What the tools return."""
    offers: dict[tuple[str, str, str], list[Lead]] = defaultdict(list)
    for tool in tools:
        for place in tool.fields:
            for word in place.all_words:
                offers[place.mark, place.type, word].append((tool, place))
    return offers


def joins_into(target: ReadTool, wanted: Place, offers: Offers) -> Iterator[tuple[ReadTool, Place, float]]:
    """The fields that can be the parameter `wanted`, each with its tool and how sure that is (0 to 1)."""
    for word in sorted(wanted.all_words):
        for source, field in offers.get((wanted.mark, wanted.type, word), ())[:MAX_LEADS]:
            # The address of a customer is no news to what writes down a customer's address.
            if source is not target and (wanted.mark in _OF_ANYTHING or field.own or wanted.own):
                weight = _weight(source, field, wanted)
                if weight >= LEAST_WEIGHT:
                    yield source, field, round(weight, 3)


def joins_by_name(
    target: ReadTool, wanted: Place, tools: Mapping[str, ReadTool]
) -> Iterator[tuple[ReadTool, Place, float]]:
    """The same for tools that the description names: `Item id, from GET_CHECKLISTS`."""
    for name in dict.fromkeys(_NAME.findall(wanted.text[:_LONGEST])):
        source = tools.get(name)
        if source is None or source is target:
            continue
        about = source.about.union(*wanted.things)
        for field in source.fields:
            fits = field.mark == wanted.mark and field.type == wanted.type and field.fresh
            if fits and about & field.all_words:
                yield source, field, _NAMED
                break


def _weight(source: ReadTool, field: Place, wanted: Place) -> float:
    shared = max(_shared(one, other) for one in field.things for other in wanted.things)
    if shared < _LEAST_SHARED and field.own and wanted.own:
        return 0.0
    weight = 0.45 + 0.2 * shared + 0.1 * (field.own + wanted.own)
    weight += 0.15 * _shared_words(field.words, wanted.words) + (0.05 if wanted.required else 0.0)
    if wanted.mark not in _SURE_MARKS or (field.own and wanted.own and shared < 1):
        weight -= 0.1
    return min(weight, 1.0) * news(source, field)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(len(one), len(other))


def news(source: ReadTool, field: Place) -> float:
    """Less than 1 where a tool returns what is gone now, or what it was told before: surely, or perhaps."""
    if source.ends:
        return 0.4
    if field.fresh:
        return 1.0
    told = [one for one in source.parameters if one.mark == field.mark and one.things & field.things]
    if any(one.required for one in told):
        return 0.4
    return 0.6 if told else 1.0


def _shared_words(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / min(len(some), len(others)) if some and others else 0.0
