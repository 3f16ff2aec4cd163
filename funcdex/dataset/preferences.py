"""Pairs of what was kept and what was given up, in TRL's preference format.

They are made of the turns that corrections replaced, unless all was written again, and of the conversation
that was rejected, where it was tried again (`--retry-rejected`) and then accepted. What a run does not keep:
answers drawn again. A pair needs one prompt for both sides, so the two versions must begin with the same
messages; from where they part, the messages up to the user's next are `chosen` and `rejected`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from funcdex.dml.parser import parse
from funcdex.dml.turns import turn_texts
from funcdex.errors import MarkupError
from funcdex.export.changes import changed, masked
from funcdex.export.chat import chat_message, lineage
from funcdex.export.jsontext import tools_text
from funcdex.export.messages import to_messages
from funcdex.export.options import Options
from funcdex.export.sample import Message, Sample, sample_of
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.segments import journal_text

NOT_KEPT = (
    "Pairs are made of turns that corrections replaced, and of a rejected version where it was tried again "
    "and then accepted. What was written anew as a whole makes none."
)


@dataclass(slots=True)
class Pairs:
    """How many pairs were made, and how many earlier versions share no prompt with the one that was kept."""

    made: int = 0
    without_shared_prompt: int = 0


def earlier_versions(run: RunDir | None) -> Mapping[str, Sequence[str]]:
    """The markup of versions that were not good enough, by conversation id: those that were rejected and
    tried again, and the last one up to each turn that a correction replaced, with that turn as it was."""
    if run is None:
        return {}
    retried = {entry["id"] for entry in _entries(run, b'"restarted"') if entry.get("entry") == "restarted"}
    rejected: defaultdict[str, list[str]] = defaultdict(list)
    replaced: dict[str, list[str]] = {}
    for entry in _entries(run, b'"conversation"'):
        id, value = entry["id"], entry.get("value")
        if entry.get("stage") != "conversation" or not isinstance(value, dict):
            continue
        if isinstance(value.get("dml"), str):
            replaced[id] = list(_before_corrections(value["dml"], value.get("corrected")))
            if id in retried and entry.get("reason") != "duplicate_conversation":  # Which may be a good one.
                rejected[id].append(value["dml"])
    return {id: rejected[id] + replaced.get(id, []) for id in {*rejected, *replaced}}


def _before_corrections(markup: str, corrected: object) -> Iterator[str]:
    """Only of corrections before whose turn nothing was changed afterwards: the prompt was another one."""
    notes = [note for note in corrected if isinstance(note, dict)] if isinstance(corrected, list) else []
    try:
        turns = turn_texts(markup) if any("replaced" in note for note in notes) else ()
    except MarkupError:
        return
    for place, note in enumerate(notes):
        text, turn = note.get("replaced"), note.get("turn")
        if not isinstance(text, str) or not isinstance(turn, int) or not 0 < turn <= len(turns):
            continue
        later = [other.get("turn") for other in notes[place + 1 :]]
        last = notes[-1].get("sample") == note.get("sample")
        if last and all(isinstance(other, int) and other >= turn for other in later):
            yield "".join(turns[: turn - 1]) + text


def pairs_of(
    kept: Sample, versions: Sequence[str], options: Options, counted: Pairs
) -> Iterator[Mapping[str, Any]]:
    """A row for each of the versions that differs from the kept sample after a common beginning."""
    for markup in dict.fromkeys(versions):
        try:
            raw = {"id": kept.id, "messages": to_messages(parse(markup))}
            other = replace(kept, messages=sample_of(raw, kept.id).messages)
        except (MarkupError, ValueError):
            continue
        if other.messages == kept.messages:
            continue
        row = _pair(_as_wanted(kept, options), _as_wanted(other, options), options)
        if row is None:
            counted.without_shared_prompt += 1
        else:
            counted.made += 1
            yield row


def _pair(kept: Sample, other: Sample, options: Options) -> Mapping[str, Any] | None:
    both = zip(kept.messages, other.messages, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
    chosen, rejected = _answer(kept.messages[shared:]), _answer(other.messages[shared:])
    if not chosen or not rejected or not shared:
        return None
    prompt = [chat_message(one, options, arguments="values") for one in kept.messages[:shared]]
    if kept.system is not None:
        prompt.insert(0, {"role": "system", "content": kept.system})
    return {
        **lineage(kept),
        "prompt": prompt,
        "chosen": [chat_message(one, options, arguments="values") for one in chosen],
        "rejected": [chat_message(one, options, arguments="values") for one in rejected],
        "tools": list(kept.tools) if options.encoding == "json" else tools_text(kept.tools),
    }


def _as_wanted(sample: Sample, options: Options) -> Sample:
    return masked(changed(sample, options), options)


def _answer(messages: Sequence[Message]) -> list[Message]:
    """The messages up to the user's next; none unless the assistant has the word."""
    if not messages or messages[0].role != "assistant":
        return []
    return list(takewhile(lambda message: message.role != "user", messages))


def _entries(run: RunDir, mark: bytes) -> Iterator[Mapping[str, Any]]:
    """The journal's entries that hold the mark, and may be those that are looked for."""
    with journal_text(run) as text:
        for _, line, _ in text.lines():
            if mark in line:
                try:
                    entry = from_line(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                    yield entry
