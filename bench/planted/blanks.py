"""Blanks where a value should be."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from planted.places import (
    Planted,
    arguments,
    changed,
    paths,
    put,
    spots,
    with_call,
    with_last_words,
    with_user,
)

from funcdex.types.conversation import Conversation
from funcdex.types.tools import Tool

_BLANKS = (
    *("[Your Name]", "<insert address here>", "TODO", "your_api_key", "lorem ipsum dolor sit amet"),
    *(
        "[insert date]",
        "<base64-encoded-content>",
        "string",
        "John Doe",
        "123e4567-e89b-12d3-a456-426614174000",
    ),
    *("+1 123 456 7890", "someone@example.com", "TBD", "abc123"),
)


def placeholder_argument(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A string argument is a blank."""
    places = arguments(
        talk,
        lambda key, value: isinstance(value, str) and key not in ("currency", "type", "status", "format"),
    )
    if not places:
        return None
    spot, path, _ = rng.choice(places)
    return Planted(changed(talk, spot, path, rng.choice(_BLANKS)), spot.turn, ("placeholder",))


def placeholder_response(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A string of a response is a blank."""
    places = [
        (spot, path)
        for spot in spots(talk)
        for path, key, value in paths(spot.response)
        if isinstance(value, str)
        and key
        in (
            "id",
            "name",
            "summary",
            "snippet",
            "body",
            "content",
            "title",
            "displayName",
            "description",
            "gid",
        )
    ]
    if not places:
        return None
    spot, path = rng.choice(places)
    return Planted(
        with_call(talk, spot, response=put(spot.response, path, rng.choice(_BLANKS))),
        spot.turn,
        ("placeholder",),
    )


def placeholder_text(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The assistant or the user says a blank."""
    turn = rng.randrange(len(talk.turns))
    blank = rng.choice(
        ("[Your Name]", "[insert date]", "<name here>", "Lorem ipsum dolor sit amet", "your_api_key")
    )
    if rng.random() < 0.5:
        return Planted(
            with_user(talk, turn, f"{talk.turns[turn].user} Best, {blank}"), turn, ("placeholder",)
        )
    return Planted(
        with_last_words(talk, turn, f"{talk.turns[turn].messages[-1].text} {blank}"), turn, ("placeholder",)
    )


def fake_file(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The content of a file is none."""
    places = arguments(
        talk, lambda key, value: key in ("content", "body") and isinstance(value, str) and len(value) > 30
    )
    if not places:
        return None
    spot, path, _ = rng.choice(places)
    fake = rng.choice(
        (
            "<base64-encoded-content>",
            "<file content here>",
            "[base64 encoded PDF content]",
            "<content of the file>",
        )
    )
    return Planted(changed(talk, spot, path, fake), spot.turn, ("fake_file_content", "placeholder"))
