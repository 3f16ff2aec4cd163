"""Each kind of fault, planted into a talk in which nothing was wrong: the script knows where, in which turn.

A kind gives the changed conversation, the turn (from 0) and the reasons of which one should be told; None
where the talk has no place for it.
"""

from __future__ import annotations

from planted.blanks import fake_file, placeholder_argument, placeholder_response, placeholder_text
from planted.other_values import (
    argument_kind,
    is_amount,
    is_day,
    is_id,
    is_mail,
    is_name,
    is_time,
    other_amount,
    other_day,
    other_id,
    other_mail,
    other_name,
    other_time,
)
from planted.places import Kind
from planted.wrong_answers import wrong_number, wrong_said_day, wrong_said_id
from planted.wrong_calls import (
    bad_enum,
    bad_response,
    dropped_argument,
    extra_property,
    ignored_error,
    loop,
    unknown_tool,
    wrong_tool,
    wrong_type,
)
from planted.wrong_words import foreign, persona_leak, refusal, said_again, simulation

KINDS: dict[str, Kind] = {
    "wrong tool": wrong_tool,
    "unknown tool": unknown_tool,
    "dropped argument": dropped_argument,
    "wrong type": wrong_type,
    "bad enum": bad_enum,
    "extra property": extra_property,
    "bad response": bad_response,
    "hallucinated id": argument_kind(is_id, other_id),
    "hallucinated address": argument_kind(is_mail, other_mail),
    "hallucinated name": argument_kind(is_name, other_name),
    "wrong amount": argument_kind(is_amount, other_amount),
    "wrong day": argument_kind(is_day, other_day),
    "wrong time": argument_kind(is_time, other_time),
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
