"""Conversations as strictly alternating turns, which LLaMA-Factory asks for: user or tools, then the model.

All responses to the calls of one message are one turn; the model's turn is either text or calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funcdex.export.chat import spoken, thinking
from funcdex.export.jsontext import as_json
from funcdex.export.options import Options
from funcdex.export.sample import Message, Sample, read_json
from funcdex.types.conversation import JsonValue

Speaker = Literal["human", "gpt", "function_call", "observation"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Who speaks, what, and whether it is to be learnt."""

    speaker: Speaker
    text: str
    trained: bool = False


def turns(sample: Sample, options: Options) -> list[Turn]:
    """The sample's turns, from the user's first to the model's last.

    Raises ValueError where they do not alternate: no trainer of this kind would take the row.
    """
    found = list(_turns(sample, options))
    for at, turn in enumerate(found):
        if (turn.speaker in ("human", "observation")) != (at % 2 == 0):
            raise ValueError(
                f"turn {at + 1} is {turn.speaker}: user or tools and the assistant must alternate"
            )
    if len(found) % 2:
        raise ValueError("the last turn is not the assistant's")
    return found


def _turns(sample: Sample, options: Options) -> Iterator[Turn]:
    responses: list[str] = []
    for message in sample.messages:
        if message.role == "tool":
            responses.append(message.text)
            continue
        if responses:
            yield Turn("observation", _observation(responses))
            responses = []
        if message.role == "user":
            yield Turn("human", message.text)
        elif message.calls:
            yield Turn("function_call", _calls(message, options), message.trained)
        else:
            yield Turn("gpt", _said(message, options), message.trained)
    if responses:
        yield Turn("observation", _observation(responses))


def _observation(responses: list[str]) -> str:
    """One response as it is; those of several calls as one JSON array, in the order of the calls."""
    return responses[0] if len(responses) == 1 else as_json([_value(text) for text in responses])


def _value(text: str) -> JsonValue:
    try:
        return read_json(text)
    except ValueError:
        return text


def _calls(message: Message, options: Options) -> str:
    calls = [{"name": call.name, "arguments": call.values} for call in message.calls]
    # A thought before the calls is read only between these tags; anything else would not be JSON.
    return thinking(message, options) + as_json(calls[0] if len(calls) == 1 else calls)


def _said(message: Message, options: Options) -> str:
    if options.thoughts == "reasoning_content":
        return thinking(message, options) + message.text
    return spoken(message, options)
