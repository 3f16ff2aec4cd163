"""Holds what was answered against what was expected: records and figures, made from data set and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from funcdex.dataset.source import Damages, Source
from funcdex.evaluate.answers import Answer, calls_of
from funcdex.evaluate.figures import Figures
from funcdex.evaluate.folder import Asked, EvalDir
from funcdex.evaluate.journal import Entry, Fault
from funcdex.evaluate.questions import Question, questions_of
from funcdex.evaluate.verdict import Verdict, judge
from funcdex.rundir.files import disk_faults, replacement
from funcdex.rundir.jsonlines import as_line

_TEXT_CHARS = 4_000
"""Of an answer's words that a record shows; all of them stand in the answers."""


def score(
    folder: EvalDir, asked: Asked, source: Source, answers: Mapping[str, Entry], damages: Damages
) -> Figures:
    """Writes `records.jsonl` and gives the figures. Contexts without an entry were not asked yet.

    Blocks. Raises CheckpointError, and ConfigError if the data set cannot be read.
    """
    figures = Figures()
    with disk_faults(folder.records, "writing the records"), replacement(folder.records) as file:
        for question in questions_of(source, asked.limit, damages):
            entry = answers.get(question.key)
            if entry is None:
                continue
            file.write(as_line(_scored(question, entry, asked, figures)))
    return figures


def _scored(question: Question, entry: Entry, asked: Asked, figures: Figures) -> dict[str, Any]:
    context = question.context
    if isinstance(entry, Fault):
        figures.miss(context, entry.kind)
        return _head(question) | {"right": None, "fault": {"kind": entry.kind, "detail": entry.detail}}
    verdict = judge(context, entry, question.schemas, calls_in_text=asked.calls_in_text)
    figures.take(context, entry, verdict)
    return _head(question) | _body(question, entry, verdict, asked)


def _head(question: Question) -> dict[str, Any]:
    context = question.context
    return {
        "key": question.key,
        "id": context.sample.id,
        "toolkit": context.sample.toolkit,
        "kind": context.sample.kind,
        "turn": context.turn,
        "sort": context.sort,
        "after_error": context.after_error,
        "expected": [{"name": call.name, "arguments": call.values} for call in context.expected],
    }


def _body(question: Question, answer: Answer, verdict: Verdict, asked: Asked) -> dict[str, Any]:
    came = calls_of(answer, in_text=asked.calls_in_text)
    measures = {"exact_match": verdict.exact_match, "string_ratio": verdict.string_ratio}
    return {
        "answered": [
            {"name": call.name, "arguments": call.said if call.values is None else call.values}
            for call in came
        ],
        "text": answer.text[:_TEXT_CHARS],
        "finish_reason": answer.finish_reason,
        "right": verdict.right,
        **(measures if question.context.expected else {}),
        "flaws": [asdict(flaw) for flaw in verdict.flaws],
        "model": answer.model,
        "tokens": {"prompt": answer.prompt_tokens, "completion": answer.completion_tokens},
    }
