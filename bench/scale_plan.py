"""How a run of millions of conversations on many GPUs would look, computed from what was measured.

    python bench/scale_plan.py [--conversations 10000000] [--gpus 1000] [--tokens-per-s 2500]
                               [--completion-tokens 5000] [--from-run RUN] [--record]

Sizes, tokens and reading speeds are those of a run directory (`--from-run`), or those recorded last; CPU of a
request and decisions in a second those of `pool_overhead.py` and `ray_overhead.py`. What a GPU writes in a
second is asked for, not measured here: take it from `funcdex bench`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from overhead.pipeline import REQUESTS_EACH
from overhead.table import PIPELINE
from record import record, record_option, recorded

from funcdex.cluster.split import ACTORS_OF_A_SHARD, ENDPOINTS_OF_AN_ACTOR
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.reading import read_journal
from funcdex.rundir.segments import segments
from funcdex.rundir.status import status

SCENARIO_BYTES, CONVERSATION_BYTES = 1_050, 400
"""Of memory, for each that is compared with: docs/scale.md, docs/dedup.md."""
VECTOR_TEXT_BYTES, SKETCH_TEXT_BYTES = 1_024, 480
"""In a ledger's line, besides the scenario's text."""


def main() -> None:
    """Prints the plan."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--conversations", type=int, default=10_000_000)
    options.add_argument("--gpus", type=int, default=1000)
    options.add_argument("--tokens-per-s", type=float, default=2500.0, help="of completions, by one GPU")
    options.add_argument("--completion-tokens", type=float, help="of a conversation, in place of the run's")
    options.add_argument("--from-run", type=Path, help="a finished run to measure sizes and speeds of")
    record_option(options)
    chosen = options.parse_args()
    if chosen.from_run:
        measured = measure(RunDir(chosen.from_run))
    elif (known := recorded("scale_plan")) is not None:
        measured = known["figures"]["measured"]
    else:
        raise SystemExit("nothing is recorded: name a finished run with --from-run")
    per_shard = _recorded("ray_overhead")["decisions in batches of 64"]["per_cpu_s"]
    request_ms = _recorded("pool_overhead")["clients"][PIPELINE]["cpu_ms"]["median"]
    tokens = {"completion_tokens": chosen.completion_tokens or measured["completion_tokens"]}
    plan = planned(
        measured | tokens, chosen.conversations, chosen.gpus, chosen.tokens_per_s, per_shard, request_ms
    )
    for name, value in plan.items():
        print(f"{name:34} {value:,.4g}" if isinstance(value, float) else f"{name:34} {value:,}")
    if chosen.record:
        asked = {
            "conversations": chosen.conversations,
            "gpus": chosen.gpus,
            "tokens_per_s": chosen.tokens_per_s,
        } | tokens
        record("scale_plan", {"measured": measured, "asked": asked, "plan": plan})


def measure(run: RunDir) -> dict[str, float]:
    """What one conversation of a run takes on average, and how fast its files are read."""
    told = status(run)
    each = told.planned
    journal_bytes = sum(part.counted_bytes for part in segments(run))
    output_bytes = sum(run.output(name).stat().st_size for name in OUTPUTS)
    began_s = time.process_time()
    state = read_journal(run)
    read_s = time.process_time() - began_s
    tokens = list(told.tokens.values())
    return {
        "prompt_tokens": sum(one.prompt for one in tokens) / each,
        "completion_tokens": sum(one.completion for one in tokens) / each,
        "accepted_share": told.accepted / each,
        "journal_bytes": journal_bytes / each,
        "output_bytes": output_bytes / each,
        "scenario_bytes": sum(len(text) for _, text in state.scenarios) / max(1, len(state.scenarios)),
        "journal_read_cpu_s_per_gb": read_s / journal_bytes * 1e9,
    }


def planned(
    measured: dict[str, float],
    conversations: int,
    gpus: int,
    tokens_per_s: float,
    decisions: float,
    request_ms: float,
) -> dict[str, Any]:
    """The figures of such a run; `decisions` in a second of CPU."""
    completion = measured["completion_tokens"] * conversations
    hours = completion / (gpus * tokens_per_s) / 3600
    per_s = conversations / (hours * 3600)
    actors = -(-gpus // ENDPOINTS_OF_AN_ACTOR)
    shards = -(-actors // ACTORS_OF_A_SHARD)
    requests_per_s = per_s * REQUESTS_EACH
    memory = conversations * (SCENARIO_BYTES + CONVERSATION_BYTES)
    ledger = conversations * (measured["scenario_bytes"] + VECTOR_TEXT_BYTES + SKETCH_TEXT_BYTES)
    journal = conversations * measured["journal_bytes"]
    return {
        "completion tokens, billions": completion / 1e9,
        "prompt tokens, billions": measured["prompt_tokens"] * conversations / 1e9,
        "hours": hours,
        "conversations a second": per_s,
        "requests a second": requests_per_s,
        "range actors": actors,
        "busy cores of a range actor": requests_per_s / actors * request_ms / 1000,
        "actors that decide": shards,
        "decisions a second of each": 2 * per_s / shards,
        "journal, GB": journal / 1e9,
        "journal, MB a second": journal / (hours * 3600) / 1e6,
        "outputs, GB": conversations * measured["output_bytes"] / 1e9,
        "outputs, MB a second (driver)": conversations * measured["output_bytes"] / (hours * 3600) / 1e6,
        "dedup memory, GB in all": memory / 1e9,
        "dedup memory, GB of each that decides": memory / shards / 1e9,
        "ledgers, GB": ledger / 1e9,
        "CPU hours to read the whole journal": journal / 1e9 * measured["journal_read_cpu_s_per_gb"] / 3600,
        "share of a core that deciding takes": 2 * per_s / shards / decisions,
    }


def _recorded(name: str) -> Any:
    """The figures of a benchmark."""
    if (result := recorded(name)) is None:
        raise SystemExit(f"nothing is recorded: run `python bench/{name}.py --record`")
    return result["figures"]


if __name__ == "__main__":
    main()
