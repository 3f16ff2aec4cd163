"""Calls and responses that the schemas or the sense of a talk rule out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from planted.places import Planted, Spot, changed, spots, with_call, with_last_words, with_message

from funcdex.types.conversation import Conversation, ToolCall
from funcdex.types.error_response import response_forms
from funcdex.types.tools import Tool


def wrong_tool(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another tool's name over the same arguments."""
    places = [spot for spot in spots(talk) if spot.call.arguments]
    if not places:
        return None
    spot = rng.choice(places)
    others = [
        tool
        for tool in tools
        if tool.name != spot.call.name
        and set(spot.call.arguments) - set(tool.parameters.get("properties", {}))
    ]
    made = with_call(talk, spot, call=ToolCall(rng.choice(others).name, spot.call.arguments))
    return Planted(made, spot.turn, ("invalid_arguments", "invalid_response"))


def unknown_tool(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A tool that nobody showed."""
    places = spots(talk)
    if not places:
        return None
    spot = rng.choice(places)
    name = rng.choice((spot.call.name + "_V2", spot.call.name.lower(), "SEARCH_WEB", "GET_" + spot.call.name))
    return Planted(
        with_call(talk, spot, call=ToolCall(name, spot.call.arguments)), spot.turn, ("unknown_tool",)
    )


def _schema_of(spot: Spot, tools: Sequence[Tool]) -> dict[str, Any]:
    return dict(next(tool.parameters for tool in tools if tool.name == spot.call.name))


def dropped_argument(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A required argument is missing."""
    places = [
        (spot, key)
        for spot in spots(talk)
        for key in _schema_of(spot, tools).get("required", ())
        if key in spot.call.arguments
    ]
    if not places:
        return None
    spot, gone = rng.choice(places)
    left = {key: value for key, value in spot.call.arguments.items() if key != gone}
    return Planted(
        with_call(talk, spot, call=ToolCall(spot.call.name, left)), spot.turn, ("invalid_arguments",)
    )


def wrong_type(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A number as text, text as a list."""
    places = [
        (spot, key)
        for spot in spots(talk)
        for key, schema in _schema_of(spot, tools)["properties"].items()
        if key in spot.call.arguments and isinstance(schema.get("type"), str)
    ]
    if not places:
        return None
    spot, key = rng.choice(places)
    value = spot.call.arguments[key]
    new: Any = [value] if isinstance(value, str) else str(value)
    return Planted(changed(talk, spot, (key,), new), spot.turn, ("invalid_arguments",))


def bad_enum(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A value that is none of the listed."""
    places = [
        (spot, key)
        for spot in spots(talk)
        for key, schema in _schema_of(spot, tools)["properties"].items()
        if key in spot.call.arguments and "enum" in schema
    ]
    if not places:
        return None
    spot, key = rng.choice(places)
    return Planted(
        changed(talk, spot, (key,), rng.choice(("other", "ALL_OF_THEM", "custom"))),
        spot.turn,
        ("invalid_arguments",),
    )


def extra_property(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """An argument that the tool does not have."""
    places = spots(talk)
    if not places:
        return None
    spot = rng.choice(places)
    more = {**spot.call.arguments, rng.choice(("notify", "dry_run", "comment_text")): True}
    return Planted(
        with_call(talk, spot, call=ToolCall(spot.call.name, more)), spot.turn, ("invalid_arguments",)
    )


def bad_response(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A response without something that is required, or of another type."""
    by_name = {tool.name: tool for tool in tools}
    places = [
        spot
        for spot in spots(talk)
        if isinstance(spot.response, dict)
        and response_forms(by_name[spot.call.name].response).fine.get("required")
        and "error" not in spot.response
    ]
    if not places:
        return None
    spot = rng.choice(places)
    key = rng.choice(response_forms(by_name[spot.call.name].response).fine["required"])
    left = {name: value for name, value in spot.response.items() if name != key}
    new = rng.choice((left, {**spot.response, key: None}))
    return Planted(with_call(talk, spot, response=new), spot.turn, ("invalid_response",))


def ignored_error(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The last call of a turn fails, and the assistant reports success all the same."""
    last = {spot.turn: spot for spot in spots(talk)}
    places = [spot for spot in last.values() if "error" not in str(spot.response)]
    if not places:
        return None
    spot = rng.choice(places)
    error = {
        "error": {
            "code": rng.choice((403, 404, 429, 500)),
            "message": rng.choice(("Insufficient permissions.", "Quota exceeded.", "Backend error.")),
        }
    }
    made = with_call(talk, spot, response=error)
    words = rng.choice(
        (
            "All done, everything is set up as you asked.",
            "Great news, it went through and is in place now.",
            "I have taken care of it for you.",
        )
    )
    return Planted(with_last_words(made, spot.turn, words), spot.turn, ("ignored_error",))


def loop(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The same call again and again."""
    places = spots(talk)
    if not places:
        return None
    spot = rng.choice(places)
    message = talk.turns[spot.turn].messages[spot.message]
    steps = list(message.steps)
    steps[spot.step : spot.step + 1] = [steps[spot.step]] * rng.choice((3, 4))
    return Planted(
        with_message(talk, spot.turn, spot.message, replace(message, steps=tuple(steps))),
        spot.turn,
        ("repeats_itself",),
    )
