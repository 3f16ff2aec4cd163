"""How many grammars a run of the shipped tools needs, with planned sets of tools and without.

    python bench/tool_sets.py

1,000 conversations, each of which needs 1 to 4 tools of its candidates, drawn at random.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from funcdex.settings.tree import Settings
from funcdex.stages.plan import plan_at
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles

CONVERSATIONS = 1000
CASES = {
    "all toolkits": (),
    "gmail": ("gmail",),
    "googledrive+gmail": ("googledrive+gmail",),
    "gmail, jira, gmail+jira": ("gmail", "jira", "gmail+jira"),
    "five toolkits in one": ("gmail+jira+asana+stripe+todoist",),
}


def main() -> None:
    toolkits = read_toolkits([]).toolkits
    sys.stdout.write(
        "| toolkits | max_tool_sets | grammars | mean size | size: conversations |\n" + "| --- " * 5 + "|\n"
    )
    for name, specs in CASES.items():
        for most in (None, 16, 64, 256):
            chosen = Settings.model_validate({"grammar": {"max_tool_sets": most}})
            bundles = make_bundles(specs, toolkits)
            sets = plan_tool_sets(chosen, bundles)
            shown = []
            for index in range(1, CONVERSATIONS + 1):
                plan, rng = plan_at(index, chosen, bundles), random.Random(index)
                candidates = sets.candidates(plan, rng)
                needed = [tool.name for tool in rng.sample(candidates, rng.randint(1, 4))]
                shown.append(frozenset(tool.name for tool in sets.shown(plan, needed, rng)))
            sizes = Counter(map(len, shown))
            mean = sum(map(len, shown)) / len(shown)
            listed = ", ".join(f"{size}: {count}" for size, count in sorted(sizes.items()))
            sys.stdout.write(f"| {name} | {most or '-'} | {len(set(shown))} | {mean:.1f} | {listed} |\n")


if __name__ == "__main__":
    main()
