"""How many grammars a run with kinds takes, and what the graph of the tools is like: `python bench/kinds.py`.

Prints the counts for runs of 1,000 conversations of the shipped toolkits, and 40 edges drawn at random, to be
looked at by a person.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from funcdex.dedup.guard import ScenarioGuard
from funcdex.grammar.conversation import json_grammar
from funcdex.settings.tree import Settings
from funcdex.stages.blueprint import read_blueprint
from funcdex.stages.blueprint_schema import blueprint_schema
from funcdex.stages.context import Context
from funcdex.stages.focus import focus_of, shown_tools_of
from funcdex.stages.grammars import Grammars
from funcdex.stages.kinds import form_of_plan
from funcdex.stages.plan import plans
from funcdex.stages.sketch import sketch_of
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.stages.voice import voice_of
from funcdex.toolkits.graph import tool_graph
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles
from funcdex.types.request import Completion, Request

COUNT, SAMPLE = 1000, 40


async def _never(_: Request) -> Completion:
    raise AssertionError


async def _compiles(_: str) -> str | None:
    return None


def grammars(specs: tuple[str, ...], **generation: object) -> str:
    """The sets of tools and grammars that a run's plans come to, if each is planned as it is sketched."""
    bundles = make_bundles(specs, read_toolkits([]).toolkits)
    settings = Settings.model_validate({"count": COUNT, "generation": generation})
    made = Grammars(settings.generation, settings.grammar, _compiles)
    context = Context(_never, settings, bundles, ScenarioGuard(()), plan_tool_sets(settings, bundles), made)
    sets, conversation, outline, sizes = set(), set(), set(), Counter[int]()
    for plan in plans(settings, bundles):
        focus = focus_of(plan, context)
        sketch = read_blueprint(sketch_of(plan, focus, voice_of(plan, settings.generation).turns))
        withheld = [tool.name for tool in focus.withheld]
        shown = frozenset(tool.name for tool in shown_tools_of(plan, sketch.tools, withheld, context))
        form = form_of_plan(plan, settings.generation)
        sets.add(shown)
        conversation.add((frozenset() if form.calls == "none" else shown, form))
        outline.add(frozenset(tool.name for tool in focus.tools if form.calls != "none"))
        sizes[len(shown)] += 1
    mean = sum(size * count for size, count in sizes.items()) / COUNT
    return (
        f"{len(sets)} sets shown, {len(conversation)} grammars of conversations, "
        f"{len(outline)} of plans, {mean:.1f} tools shown"
    )


def edges(seed: int) -> None:
    """A sample of the edges of all shipped toolkits, and the time that finding them takes."""
    kits = read_toolkits([]).toolkits
    started = time.perf_counter()
    found = [(kit.name, edge) for kit in kits for edge in tool_graph(kit.tools).edges]
    sys.stdout.write(f"{len(found)} edges in {(time.perf_counter() - started) * 1000:.0f} ms\n")
    for name, edge in random.Random(seed).sample(found, SAMPLE):
        sys.stdout.write(
            f"{edge.weight:.2f} {name}: {edge.source} {edge.field} -> {edge.target} {edge.parameter}\n"
        )


def main() -> None:
    """Everything."""
    for specs in ((), ("gmail",), ("googledrive+gmail",)):
        for kinds in ({"happy_path": 1}, None):
            chosen = {"kinds": kinds} if kinds else {}
            sys.stdout.write(
                f"{specs or 'ten toolkits'}, {kinds or 'all kinds'}: {grammars(specs, **chosen)}\n"
            )
    gmail = make_bundles(("gmail",), read_toolkits([]).toolkits)[0]
    grammar = json_grammar(blueprint_schema(gmail.tools, Settings().generation))
    sys.stdout.write(
        f"grammar of plans with gmail's 14 tools: {len(grammar.render('lark').encode()):,} bytes\n"
    )
    edges(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


if __name__ == "__main__":
    main()
