"""Tools that look for things, and answers in which they have found none."""

from __future__ import annotations

from collections.abc import Mapping

from funcdex.toolkits.words import words_of
from funcdex.types.conversation import JsonValue
from funcdex.types.error_response import is_error, response_forms
from funcdex.types.tools import Tool

_WHOLE = ""
"""Stands for an answer that is itself the list."""
_OF_ONE_THING = frozenset(("id", "gid", "sid", "uid", "uuid", "key", "uri"))
_CHANGES = frozenset(
    (
        *"add append archive assign associate attach batch begin book cancel close complete copy".split(),
        *"create delete disable draft edit empty enable insert invite link log make merge modify".split(),
        *"move mark open patch pin post publish put quick record remove rename replace reply".split(),
        *"request reset restore save schedule send set share start stop submit trash update".split(),
        *"upload upsert write".split(),
    )
)


def lists(tool: Tool) -> bool:
    """Whether it looks for things and may find none: it answers with a list, or with an object that has one
    list.

    What describes one thing, by an id of its own, has lists too (the guests of an appointment, the labels of
    a message), and so has the answer of what changes something: an empty one says nothing of a search.
    """
    return _list_of(tool) is not None


def finds_nothing(response: JsonValue, tool: Tool | None = None) -> bool:
    """Whether the tool's list is empty or left out. Where the tool is not known, or lists nothing: whether
    any list is empty, at the top or one level below."""
    place = _list_of(tool) if tool else None
    if place is None:
        return response == [] or (isinstance(response, dict) and any(one == [] for one in response.values()))
    if place == _WHOLE:
        return _is_empty_list(response)
    if not isinstance(response, dict) or is_error(response):
        return False
    return _is_empty_list(response.get(place, []))


def _is_empty_list(value: JsonValue) -> bool:
    return isinstance(value, list) and not value


def _list_of(tool: Tool) -> str | None:
    """The name of its list; "" if the whole answer is one."""
    if next(iter(words_of(tool.name)), "") in _CHANGES:
        return None
    answer = response_forms(tool.response).fine
    if _may_be_empty(answer):
        return _WHOLE
    properties = answer.get("properties")
    if not isinstance(properties, Mapping) or _OF_ONE_THING & properties.keys():
        return None
    arrays = [name for name, one in properties.items() if isinstance(one, Mapping) and _may_be_empty(one)]
    return arrays[0] if len(arrays) == 1 and arrays[0] else None


def _may_be_empty(schema: Mapping[str, object]) -> bool:
    return schema.get("type") == "array" and not schema.get("minItems")
