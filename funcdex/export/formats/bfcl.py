"""Entries in the manner of BFCL's multi-turn categories: the user's turns with the function documents, and in
`possible_answer/` the calls of each turn as Python calls.

BFCL runs its own simulated classes; these entries name tools it has no code for, so they are compared call by
call (`funcdex` records beside each entry what the tools answered), not by the state they leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword

from funcdex.export.chat import functions
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.options import Options
from funcdex.export.sample import Call, Message, Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    turns = list(_turns(sample.messages))
    question = [[{"role": "user", "content": turn[0].text}] for turn in turns]
    if sample.system is not None:
        question[0].insert(0, {"role": "system", "content": sample.system})
    called = dict.fromkeys(call.name for call in sample.calls)
    entry = {
        "id": f"multi_turn_base_{sample.id}",
        "question": question,
        "function": functions(sample.tools),
        "involved_classes": sample.toolkit.split("-") if sample.toolkit else [],
        "path": list(called),
        "initial_config": {},
    }
    yield "", entry
    responses = [[message.text for message in turn if message.role == "tool"] for turn in turns]
    calls = [[call for message in turn for call in message.calls] for turn in turns]
    yield (
        "possible_answer",
        {
            "id": entry["id"],
            "ground_truth": [[_as_python(call) for call in turn] for turn in calls],
            "ground_truth_calls": [
                [{"name": call.name, "arguments": call.values} for call in turn] for turn in calls
            ],
            "tool_responses": responses,
        },
    )


def _turns(messages: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    begins = [at for at, message in enumerate(messages) if message.role == "user"]
    if not begins:
        raise ValueError("no user turn to ask")
    for at, end in zip(begins, [*begins[1:], len(messages)], strict=True):
        yield messages[at:end]


def _as_python(call: Call) -> str:
    """`name(key=value)`; keys that are no Python names, and they alone, in `**{...}`."""
    named = [f"{key}={value!r}" for key, value in call.values.items() if _is_name(key)]
    others = {key: value for key, value in call.values.items() if not _is_name(key)}
    return f"{call.name}({', '.join([*named, *([f'**{others!r}'] if others else [])])})"


def _is_name(key: str) -> bool:
    return key.isidentifier() and not iskeyword(key)


FORMAT = Format(
    name="bfcl",
    says="BFCL-style multi-turn evaluation entries with ground truth calls",
    rows=_rows,
    thoughts=("keep", "strip"),
    lost="the assistant's words and thoughts",
)
