"""xLAM's function-calling rows: query, tools, answers.

It knows one question and its calls. A row is made for each turn of the user that is answered by calls; the
conversation before it stands in `history`, which xLAM's own readers do not look at.
"""

from __future__ import annotations

from collections.abc import Iterator

from funcdex.export.chat import chat_message, functions
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import as_json, tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Call, Message, Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    tools = tools_text(functions(sample.tools))
    for number, (at, end) in enumerate(_turns(sample.messages), 1):
        calls = [
            call for message in sample.messages[at:end] for call in message.calls if _counts(message, options)
        ]
        if calls:
            history = [chat_message(message, options) for message in sample.messages[:at]]
            yield (
                "",
                {
                    "id": f"{sample.id}:{number}",
                    "query": sample.messages[at].text,
                    "tools": tools,
                    "answers": as_json([_answer(call) for call in calls]),
                    "system": sample.system or "",
                    "history": as_json(history),
                },
            )


def _turns(messages: tuple[Message, ...]) -> Iterator[tuple[int, int]]:
    """Where each turn of the user begins and ends."""
    begins = [at for at, message in enumerate(messages) if message.role == "user"]
    return zip(begins, [*begins[1:], len(messages)], strict=True)


def _counts(message: Message, options: Options) -> bool:
    return message.trained or not options.loss_mask


def _answer(call: Call) -> dict[str, object]:
    return {"name": call.name, "arguments": call.values}


FORMAT = Format(
    name="xlam",
    says="xLAM: query, tools and answers, a row for each turn that calls",
    rows=_rows,
    thoughts=("keep", "strip"),
    lost="tool responses and the assistant's words of the turn itself, turns without calls",
)
