"""Each kind of fault, planted into a talk in which nothing was wrong: the script knows where, in which turn.

A kind gives the changed conversation, the turn (from 0) and the reasons of which one should be told; None
where the talk has no place for it. What counts as an id, an amount or a date is decided here by key, not
by the checks.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall
from funcdex.types.error_response import response_forms
from funcdex.types.tools import Tool


@dataclass(frozen=True, slots=True)
class Planted:
    """A talk with one fault. `persona` is what the writer knew of the user, where the kind needs it."""

    conversation: Conversation
    turn: int
    reasons: tuple[str, ...]
    persona: str | None = None


Kind = Callable[[Conversation, Sequence[Tool], Random], Planted | None]
Path = tuple[str | int, ...]

_ID_KEYS = re.compile(
    r"(?:^|[a-z_])(?:id|Id|gid|uuid|key)$|^(?:customer|invoice|payment_intent|issueIdOrKey|user|parents|projects|addLabelIds|documentId|fileId)$"
)
_AMOUNT_KEYS = re.compile(r"amount|timeSpentSeconds|days_until_due")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"T(\d\d):(\d\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


@dataclass(frozen=True, slots=True)
class Spot:
    """One call: where it is."""

    turn: int
    message: int
    step: int
    index: int
    call: ToolCall
    response: Any


def spots(talk: Conversation) -> list[Spot]:
    """Every call of a talk."""
    return [
        Spot(t, m, s, c, call, step.responses[c])
        for t, turn in enumerate(talk.turns)
        for m, message in enumerate(turn.messages)
        for s, step in enumerate(message.steps)
        for c, call in enumerate(step.calls)
    ]


def with_call(
    talk: Conversation, spot: Spot, *, call: ToolCall | None = None, response: Any = ...
) -> Conversation:
    """The talk with another call or response at a spot."""
    turn = talk.turns[spot.turn]
    message = turn.messages[spot.message]
    step = message.steps[spot.step]
    calls, responses = list(step.calls), list(step.responses)
    calls[spot.index] = call or spot.call
    responses[spot.index] = spot.response if response is ... else response
    steps = list(message.steps)
    steps[spot.step] = Step(tuple(calls), tuple(responses))
    return with_message(talk, spot.turn, spot.message, replace(message, steps=tuple(steps)))


def with_message(talk: Conversation, turn: int, index: int, message: AssistantMessage) -> Conversation:
    """The talk with another message of the assistant."""
    messages = list(talk.turns[turn].messages)
    messages[index] = message
    turns = list(talk.turns)
    turns[turn] = replace(talk.turns[turn], messages=tuple(messages))
    return Conversation(tuple(turns))


def with_last_words(talk: Conversation, turn: int, text: str) -> Conversation:
    """The talk with other last words in a turn."""
    at = len(talk.turns[turn].messages) - 1
    return with_message(talk, turn, at, replace(talk.turns[turn].messages[at], text=text))


def with_user(talk: Conversation, turn: int, text: str) -> Conversation:
    """The talk with another user message."""
    turns = list(talk.turns)
    turns[turn] = replace(turns[turn], user=text)
    return Conversation(tuple(turns))


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    """Path, nearest key and value of everything that is no container."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))
    else:
        yield path, next((part for part in reversed(path) if isinstance(part, str)), ""), value


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {**value, head: put(value[head], tuple(rest), new)}
    return [put(item, tuple(rest), new) if index == head else item for index, item in enumerate(value)]


def _arguments(talk: Conversation, fits: Callable[[str, Any], bool]) -> list[tuple[Spot, Path, Any]]:
    return [
        (spot, path, value)
        for spot in spots(talk)
        for path, key, value in paths(dict(spot.call.arguments))
        if fits(key, value)
    ]


def _changed(talk: Conversation, spot: Spot, path: Path, new: Any) -> Conversation:
    return with_call(talk, spot, call=ToolCall(spot.call.name, put(dict(spot.call.arguments), path, new)))


def _argument_kind(
    fits: Callable[[str, Any], bool],
    change: Callable[[Any, Random], Any],
    reason: str = "ungrounded_argument",
) -> Kind:
    def kind(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
        places = _arguments(talk, fits)
        if not places:
            return None
        spot, path, value = rng.choice(places)
        return Planted(_changed(talk, spot, path, change(value, rng)), spot.turn, (reason,))

    return kind


def _other_id(value: str, rng: Random) -> str:
    """Another of the same make: digits for digits, letters for letters, the prefix kept."""
    start = (
        value.find("_") + 1
        if "_" in value[:8]
        else (value.find("-") + 1 if re.match(r"[A-Z]+-\d", value) else 0)
    )
    if value.startswith("http"):
        start = value.rfind("/") + 1
    while True:
        made = value[:start] + "".join(
            rng.choice(string.digits)
            if char.isdigit()
            else rng.choice(string.ascii_lowercase)
            if char.islower()
            else rng.choice(string.ascii_uppercase)
            if char.isupper()
            else char
            for char in value[start:]
        )
        if made != value:
            return made


def _is_id(key: str, value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(_ID_KEYS.search(key))
        and any(map(str.isdigit, value))
        and not _MAIL.search(value)
    )


def _other_mail(value: str, rng: Random) -> str:
    first, last = rng.choice(("sandra", "victor", "leila")), rng.choice(("brooks", "haas", "ito"))
    return _MAIL.sub(
        f"{first}.{last}@{rng.choice(('gmail.com', 'nordlicht.de'))}",
        value,
    )


def _other_amount(value: int, rng: Random) -> int:
    return rng.choice(
        (value * 10, value + rng.choice((50, 700, 1500)), max(2, value - 7), round(value * 1.19) + 3)
    )


def _other_day(value: str, rng: Random) -> str:
    shift = timedelta(days=rng.choice((3, 5, 9, 17, 31, -4, 45)))
    return _DAY.sub(lambda found: (date.fromisoformat(found[0]) + shift).isoformat(), value, count=1)


def _other_time(value: str, rng: Random) -> str:
    return _CLOCK.sub(
        lambda found: (
            f"T{(int(found[1]) + rng.choice((2, 3, 5))) % 24:02}"
            f":{(int(found[2]) + rng.choice((10, 20, 25))) % 60:02}"
        ),
        value,
    )


def _other_name(value: str, rng: Random) -> str:
    return rng.choice(("Daniel Brooks", "Sophie Laurent", "Kenji Morita"))


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
    return Planted(_changed(talk, spot, (key,), new), spot.turn, ("invalid_arguments",))


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
        _changed(talk, spot, (key,), rng.choice(("other", "ALL_OF_THEM", "custom"))),
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


_SAID_NUMBER = re.compile(
    r"(?<=[$€£])[\d,]+\.\d\d|\b\d{3,6}\b(?= bytes)|(?<=became \w{5} in )\d+|\b\d+(?= messages)|\b\d+(?= "
    r"successful)"
)
_SAID_DAY = re.compile(
    rf"\b(\d{{1,2}}) ({'|'.join(date(2000, m, 1).strftime('%B') for m in range(1, 13))})\b|"
    rf"\b({'|'.join(date(2000, m, 1).strftime('%B') for m in range(1, 13))}) (\d{{1,2}})\b"
)


def _answers(talk: Conversation, pattern: re.Pattern[str]) -> list[tuple[int, int, re.Match[str]]]:
    """What the assistant says after a call of the same turn, where the pattern stands in it."""
    return [
        (t, m, found)
        for t, turn in enumerate(talk.turns)
        for m, message in enumerate(turn.messages)
        if any(before.steps for before in turn.messages[:m]) and not message.text.endswith("?")
        for found in pattern.finditer(message.text)
    ]


def _said_otherwise(talk: Conversation, turn: int, at: int, found: re.Match[str], new: str) -> Conversation:
    message = talk.turns[turn].messages[at]
    text = message.text[: found.start()] + new + message.text[found.end() :]
    return with_message(talk, turn, at, replace(message, text=text))


def wrong_number(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another amount or count in the answer than in the response."""
    places = _answers(talk, _SAID_NUMBER)
    if not places:
        return None
    turn, at, found = rng.choice(places)
    if "." in found[0]:
        new = f"{float(found[0].replace(',', '')) * rng.choice((1.1, 0.75, 10)) + 13.37:,.2f}"
    else:
        new = str(int(found[0]) + rng.choice((9, 14, 120)))
    return Planted(_said_otherwise(talk, turn, at, found, new), turn, ("contradicts_response",))


def wrong_said_day(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another day in the answer than in the response."""
    places = _answers(talk, _SAID_DAY)
    if not places:
        return None
    turn, at, found = rng.choice(places)
    day, month = (found[1], found[2]) if found[1] else (found[4], found[3])
    other = (int(day) + rng.choice((3, 6, 11)) - 1) % 28 + 1
    new = f"{other} {month}" if found[1] else f"{month} {other}"
    return Planted(_said_otherwise(talk, turn, at, found, new), turn, ("contradicts_response",))


def wrong_said_id(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another key, id or link in the answer than in the response."""
    places = _answers(
        talk,
        re.compile(
            r"\b[A-Z]{2,5}-\d{3,6}\b|\b(?:in|pi|sub)_\w{10,}|\b[A-Z]{2}\d\d-\d{4}\b|https?://\S{20,}[\w/]"
        ),
    )
    if not places:
        return None
    turn, at, found = rng.choice(places)
    return Planted(
        _said_otherwise(talk, turn, at, found, _other_id(found[0], rng)), turn, ("contradicts_response",)
    )


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
    places = _arguments(
        talk,
        lambda key, value: isinstance(value, str) and key not in ("currency", "type", "status", "format"),
    )
    if not places:
        return None
    spot, path, _ = rng.choice(places)
    return Planted(_changed(talk, spot, path, rng.choice(_BLANKS)), spot.turn, ("placeholder",))


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
    places = _arguments(
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
    return Planted(_changed(talk, spot, path, fake), spot.turn, ("fake_file_content", "placeholder"))


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


def said_again(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A user message comes a second time, or a sentence goes round in circles."""
    if len(talk.turns) > 1 and rng.random() < 0.6:
        long = [index for index, turn in enumerate(talk.turns[:-1]) if len(turn.user.split()) > 4]
        if long:
            first = rng.choice(long)
            second = rng.randrange(first + 1, len(talk.turns))
            return Planted(with_user(talk, second, talk.turns[first].user), second, ("repeats_itself",))
    turn = rng.randrange(len(talk.turns))
    text = "I have updated the entry for you as you asked. " * 4
    return Planted(with_last_words(talk, turn, text.strip()), turn, ("repeats_itself",))


_FOREIGN = (
    "Natürlich, ich habe das für dich erledigt und du kannst dir den Eintrag jetzt in der Liste ansehen.",
    "Bien sûr, je l'ai fait pour vous et vous pouvez maintenant voir le résultat dans la liste de vos "
    "dossiers.",
    "Claro, ya lo he hecho por ti y ahora puedes ver el resultado en la lista con los otros documentos.",
    "Конечно, я всё сделал, и теперь вы можете посмотреть результат в списке.",
    "好的，我已经帮您处理好了，现在您可以在列表中查看结果，如有需要请随时告诉我。",
    "Certo, ho fatto tutto e ora puoi vedere il risultato nella lista con gli altri documenti del progetto.",
    "Claro, já fiz isso para você e agora você pode ver o resultado na lista com os outros documentos.",
    "Natuurlijk, ik heb het voor u gedaan en u kunt het resultaat nu in de lijst met de andere stukken zien.",
)


def foreign(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """User or assistant speaks another language for once."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(_FOREIGN)
    made = with_user(talk, turn, text) if rng.random() < 0.3 else with_last_words(talk, turn, text)
    return Planted(made, turn, ("wrong_language",))


_PERSONAS = (
    "Rita Vogel is office manager at a dental clinic of forty people in Graz, writes in short sentences "
    "and is always a little late for her next appointment.",
    "A warehouse planner who took over the job three weeks ago, knows the goods well but none of the "
    "systems, and apologises for every question he asks.",
)


def persona_leak(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The notes on the user are quoted, or the user speaks of themselves as the user."""
    turn, persona = rng.randrange(len(talk.turns)), rng.choice(_PERSONAS)
    if rng.random() < 0.4:
        text = rng.choice(
            (
                "The user asks the assistant to look at the list.",
                "The user wants to know what is left to do.",
                "User: and what is left to do?",
            )
        )
        return Planted(with_user(talk, turn, text), turn, ("persona_leak",), persona)
    return Planted(
        with_last_words(talk, turn, f"Since {persona[0].lower()}{persona[1:]} I kept it short."),
        turn,
        ("persona_leak",),
        persona,
    )


def refusal(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The assistant declines without need."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(
        (
            "As an AI language model, I cannot send messages or change entries.",
            "I'm sorry, but I can't assist with that.",
            "I'm just an AI language model and have no access to your files.",
            "I cannot fulfill this request.",
            "I'm sorry, but I cannot help with that request.",
        )
    )
    return Planted(with_last_words(talk, turn, text), turn, ("refusal",))


def simulation(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Somebody speaks of the stage."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(
        (
            "In this simulated conversation I pretend that it was sent.",
            "As per the scenario, the entry was changed.",
            "According to the tool schema I need an id for that.",
            "This is a mock response, so nothing was changed.",
            "Here is the result in DML.",
            "Based on the scenario, the list has been updated.",
        )
    )
    made = with_user(talk, turn, text) if rng.random() < 0.2 else with_last_words(talk, turn, text)
    return Planted(made, turn, ("simulation_mentioned",))


def _is_mail(key: str, value: object) -> bool:
    return isinstance(value, str) and bool(_MAIL.search(value))


def _is_name(key: str, value: object) -> bool:
    return key == "query" and isinstance(value, str) and value.istitle()


def _is_amount(key: str, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and bool(_AMOUNT_KEYS.search(key))


def _is_day(key: str, value: object) -> bool:
    return isinstance(value, str) and bool(_DAY.match(value)) and "max" not in key.lower()


def _is_time(key: str, value: object) -> bool:
    return key == "dateTime" and isinstance(value, str)


KINDS: dict[str, Kind] = {
    "wrong tool": wrong_tool,
    "unknown tool": unknown_tool,
    "dropped argument": dropped_argument,
    "wrong type": wrong_type,
    "bad enum": bad_enum,
    "extra property": extra_property,
    "bad response": bad_response,
    "hallucinated id": _argument_kind(_is_id, _other_id),
    "hallucinated address": _argument_kind(_is_mail, _other_mail),
    "hallucinated name": _argument_kind(_is_name, _other_name),
    "wrong amount": _argument_kind(_is_amount, _other_amount),
    "wrong day": _argument_kind(_is_day, _other_day),
    "wrong time": _argument_kind(_is_time, _other_time),
    "ignored error": ignored_error,
    "wrong number said": wrong_number,
    "wrong day said": wrong_said_day,
    "wrong id said": wrong_said_id,
    "placeholder in arguments": placeholder_argument,
    "placeholder in a response": placeholder_response,
    "placeholder in words": placeholder_text,
    "fake file": fake_file,
    "loop of calls": loop,
    "said again": said_again,
    "wrong language": foreign,
    "persona leak": persona_leak,
    "refusal": refusal,
    "simulation mentioned": simulation,
}  # fmt: skip
