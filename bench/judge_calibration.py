"""What a judge is worth: planted faults that it finds, good turns that it faults, whether it says so again.

    python bench/judge_calibration.py [--endpoints http://judge1:8000,http://judge2:8000;model=m]
        [--conversations 4] [--seeds 2] [--json FILE]

Conversations with a known fault in a known turn (`calibration/planted.py`) are put to each endpoint as a run
would put them to it, with the same prompt, grammar and sampling, once for each seed. Printed for each judge:
the share of faults found (the planted turn is flawed or wrong), by fault and by turn; good turns found at
fault; what would be accepted; and, over seeds and between judges, how often they say the same. A simulated
judge (the default) draws its verdicts at random: it finds few faults, and as many in good turns.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
from calibration.figures import Said, figures_of
from calibration.planted import BUNDLE, Case, cases, shown_names

from funcdex.dedup.guard import ScenarioGuard
from funcdex.export.loss_mask import faulty_turns
from funcdex.pool.pool import Pool
from funcdex.serving import probed_endpoints
from funcdex.settings.load import endpoints_from
from funcdex.settings.tree import Settings
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars
from funcdex.stages.judge import judge
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.plan import plan_at
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.types.record import Draft, StageDone

TEMPERATURE = 0.6
"""Of the second seed and all after it: at 0 they would all say the same."""


async def ask(context: Context, case: Case, name: str, seed: int) -> Said:
    """One judge's opinion on one conversation."""
    plan = plan_at(1, context.settings, context.bundles, restarts=seed)
    draft = Draft(plan, dml=case.dml, shown=tuple(shown_names()))
    outcome = await judge(draft, context)
    if not isinstance(outcome, StageDone) or outcome.value["scores"] is None:
        return Said(name, seed, case, None, None)
    bad = faulty_turns(outcome.value["verdicts"])
    return Said(name, seed, case, bad, outcome.value["scores"]["tool_use_quality"])


async def ask_all(endpoint: str, asked: Sequence[Case], seeds: int) -> list[Said]:
    """Each seed's opinions of one judge on all conversations."""
    said: list[Said] = []
    async with LocalCompiler() as compiler:
        first = Settings(endpoints=endpoints_from([endpoint]), toolkits=("shop",))
        async with (
            probed_endpoints(first, one_is_needed=True) as candidates,
            Pool(candidates, first.pool) as pool,
            anyio.create_task_group() as tasks,
        ):
            for seed in range(seeds):
                context = _context(pool, first if seed == 0 else _warmer(first), compiler)

                async def one(case: Case, context: Context = context, seed: int = seed) -> None:
                    said.append(await ask(context, case, endpoint, seed))

                for case in asked:
                    tasks.start_soon(one, case)
    return said


def _context(pool: Pool, settings: Settings, compiler: LocalCompiler) -> Context:
    return Context(
        pool.generate,
        settings,
        (BUNDLE,),
        ScenarioGuard(()),
        plan_tool_sets(settings, (BUNDLE,)),
        Grammars(settings.generation, settings.grammar, compiler.fault_of),
    )


def _warmer(settings: Settings) -> Settings:
    sampling = settings.sampling.judge.model_copy(update={"temperature": TEMPERATURE})
    return settings.model_copy(update={"sampling": settings.sampling.model_copy(update={"judge": sampling})})


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--endpoints", default="sim")
    options.add_argument("--conversations", type=int, default=4)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--draw", type=int, default=0, help="seed of the conversations")
    options.add_argument("--json", type=Path, help="the same figures as JSON")
    chosen = options.parse_args()
    asked = list(cases(chosen.draw, chosen.conversations))
    said: list[Said] = []
    for endpoint in chosen.endpoints.split(","):
        said += anyio.run(ask_all, endpoint, asked, chosen.seeds)
    figures = figures_of(said, Settings().judge.min_tool_use_quality)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    for name, told in figures["judges"].items():
        _print(f"judge {name}, {len(asked)} conversations, {chosen.seeds} seeds", told)
    for name, told in figures["between_judges"].items():
        _print(name, told)
    return 0 if said and any(one.bad is not None for one in said) else 1


def _print(title: str, table: dict[str, Any]) -> None:
    sys.stdout.write(f"\n{title}\n")
    for name, value in table.items():
        shown = (
            ", ".join(f"{key} {one:.2f}" for key, one in value.items()) if isinstance(value, dict) else value
        )
        sys.stdout.write(f"  {name.replace('_', ' '):<26}{shown}\n")


if __name__ == "__main__":
    sys.exit(main())
