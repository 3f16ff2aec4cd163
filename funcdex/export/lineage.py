"""How a record came about, under one key: what was planned, who was asked and how, what was mended and said.

{"funcdex": "0.1.0", "kind": ..., "clarity": ..., "index": ..., "seed": ..., "scenario": ..., ...,
 "requests": [{"stage": "scenario", "prompt": "1f0c...", "model": ..., "sampling": {"seed": ...}, ...}],
 "corrections": [{"sample": 1, "turn": 2, "how": "turn", "reasons": ["invalid_arguments"]}],
 "adjudicated": [{"of": "Ada archives the unpaid invoices.", "same": false}],
 "files_encoded": true,
 "verdicts": {...}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.types.record import Draft, Usage


def lineage_of(draft: Draft, usage: Sequence[Usage], *, texts: bool) -> dict[str, Any]:
    """Of a draft for which these completions were paid. `texts`: with what was planned in prose, for lines
    that have it nowhere else. `funcdex` is the version that wrote the conversation, None before that.
    `files_encoded`: files were written as plain text, and base64 and sizes made of them afterwards."""
    plan = draft.plan
    told: dict[str, Any] = {
        "funcdex": draft.written_by,
        "kind": plan.kind,
        "clarity": plan.clarity,
        "index": plan.index,
        "seed": plan.seed,
        "written_at": draft.written_at,
    }
    if texts:
        told |= {"scenario": draft.scenario, "persona": draft.persona, "outline": draft.outline}
    told |= {"requests": list(map(_request, usage)), "corrections": list(map(_correction, draft.corrected))}
    if draft.adjudicated:
        told["adjudicated"] = list(draft.adjudicated)
    told |= {} if draft.written is None else {"files_encoded": True}
    return told | ({} if draft.verdicts is None else {"verdicts": draft.verdicts})


def _correction(corrected: Mapping[str, Any]) -> dict[str, Any]:
    """What it was about. The text that it replaced, and what was said of that, are for the journal alone:
    nobody should train on it."""
    return {key: value for key, value in corrected.items() if key not in ("replaced", "faults")}


def _request(used: Usage) -> dict[str, Any]:
    told = {
        "stage": used.stage,
        "prompt": used.prompt,
        "model": used.model,
        "endpoint": used.endpoint,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
    }
    return told | ({} if used.sampling is None else {"sampling": used.sampling})
