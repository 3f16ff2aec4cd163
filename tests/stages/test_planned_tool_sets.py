"""Few sets of tools in a run, all of them known from its seed."""

from __future__ import annotations

import random
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_model import SEND, compiled_in_a_thread

from funcdex.settings.tree import Settings
from funcdex.stages.context import dice
from funcdex.stages.grammars import Grammars
from funcdex.stages.plan import plan_at
from funcdex.stages.tool_sets import ToolSets, plan_tool_sets
from funcdex.toolkits.families import share_out
from funcdex.types.tools import Bundle, Tool, Toolkit


def bundle(*sizes: int) -> Bundle:
    """A toolkit of each size."""
    return Bundle(
        tuple(
            Toolkit(f"kit{k}", "", tuple(Tool(f"kit{k}", f"K{k}_{n}", "") for n in range(size)))
            for k, size in enumerate(sizes)
        )
    )


def tree(count: int = 10, most: int | None = 64, **generation: int) -> Settings:
    return Settings.model_validate(
        {"count": count, "seed": 7, "grammar": {"max_tool_sets": most}, "generation": generation}
    )


def shown(sets: ToolSets, index: int, needed: int, chosen: Settings) -> tuple[list[str], list[str]]:
    """What a conversation needs, drawn from its candidates, and what it is shown."""
    plan = plan_at(index, chosen, sets.bundles)
    candidates = sets.candidates(plan, dice(plan, "candidates"))
    names = [tool.name for tool in dice(plan, "test").sample(candidates, min(needed, len(candidates)))]
    return names, [tool.name for tool in sets.shown(plan, names, dice(plan, "shown"))]


bundles = st.lists(
    st.lists(st.integers(1, 30), min_size=1, max_size=3).map(lambda sizes: bundle(*sizes)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60)
@given(bundles, st.integers(1, 80), st.integers(1, 25), st.integers(0, 6), st.integers(1, 5))
def test_a_run_shows_no_more_sets_than_planned_and_each_holds_what_is_needed(
    some: list[Bundle], most: int, max_tools: int, others: int, needed: int
) -> None:
    chosen = tree(most=most, max_tools=max_tools, distractor_tools=others)
    sets = plan_tool_sets(chosen, some)
    planned = [frozenset(tool.name for tool in tools) for tools in sets.planned()]
    assert len(planned) <= max(most, len(some))
    assert all(1 <= len(tools) <= max_tools for tools in planned)
    for index in range(1, 40):
        wanted, names = shown(sets, index, needed, chosen)
        candidates = sets.candidates(plan_at(index, chosen, some), random.Random())
        assert set(wanted) <= set(names) and frozenset(names) in planned
        assert len(names) >= min(len(wanted) + others, len(candidates))


def test_a_small_bundle_is_shown_whole_or_in_parts_and_most_pairs_have_a_small_part() -> None:
    chosen = tree()
    sets = plan_tool_sets(chosen, [bundle(14)])
    assert len(list(sets.planned())) == 64
    sizes = {
        needed: [len(shown(sets, n, needed, chosen)[1]) for n in range(1, 301)] for needed in (1, 2, 4, 6)
    }
    assert set(sizes[1]) == {4}
    assert set(sizes[2]) <= {7, 14} and sizes[2].count(7) > 280
    assert set(sizes[4]) == {7, 14} and sizes[4].count(7) > 200
    assert set(sizes[6]) == {14}, "no part has room for six and three others"


def test_every_tool_of_a_large_bundle_has_its_turn_and_each_toolkit_its_share() -> None:
    large = bundle(40, 40, 5)
    wholes = list(plan_tool_sets(tree(max_tools=20), [large]).largest())
    assert {tool.name for tools in wholes for tool in tools} == {tool.name for tool in large.tools}
    for tools in wholes:
        counts = [sum(tool.toolkit == f"kit{k}" for tool in tools) for k in range(3)]
        assert sum(counts) == 20 and counts[2] == 5 and max(counts) - min(counts[:2]) <= 1


def test_a_bundle_too_large_to_show_all_spends_every_set_on_other_tools() -> None:
    sets = plan_tool_sets(tree(most=8, max_tools=10), [bundle(500)])
    assert [len(tools) for tools in sets.planned()] == [10] * 8
    assert len({tool.name for tools in sets.planned() for tool in tools}) == 80


def test_where_hardly_any_sets_are_left_to_choose_planning_ends() -> None:
    def planned(**generation: int) -> list[frozenset[str]]:
        sets = plan_tool_sets(tree(most=10**6, **generation), [bundle(6)])
        return [frozenset(tool.name for tool in tools) for tools in sets.planned()]

    assert len(planned()) == 1, "parts of three have no room for one needed tool and three others"
    many = planned(distractor_tools=1)
    assert len(many) == len(set(many)) and 20 < len(many) <= 1 + 20 + 15


def test_the_sets_are_shared_among_bundles_and_each_has_one() -> None:
    assert list(share_out(64, 10)) == [7] * 4 + [6] * 6
    assert list(share_out(2, 3)) == [1, 1, 1]


def test_a_longer_run_and_an_earlier_finish_change_no_set() -> None:
    some = [bundle(14), bundle(30, 9)]
    short, long = tree(count=10), tree(count=5000)
    first, second = plan_tool_sets(short, some), plan_tool_sets(long, some)
    in_turn = [shown(first, index, 3, short) for index in range(1, 11)]
    backwards = [shown(second, index, 3, long) for index in range(10, 0, -1)]
    assert in_turn == backwards[::-1]
    assert list(first.planned()) != list(plan_tool_sets(short.model_copy(update={"seed": 8}), some).planned())


def test_without_a_limit_each_conversation_draws_its_own() -> None:
    chosen = tree(most=None, distractor_tools=2)
    sets = plan_tool_sets(chosen, [bundle(14)])
    drawn = [shown(sets, index, 2, chosen)[1] for index in range(1, 51)]
    assert {len(names) for names in drawn} == {4} and len({frozenset(names) for names in drawn}) > 45
    assert not list(sets.planned())


def test_one_set_is_always_shown_in_the_same_order() -> None:
    chosen = tree()
    sets = plan_tool_sets(chosen, [bundle(14)])
    orders = [tuple(shown(sets, index, 2, chosen)[1]) for index in range(1, 301)]
    assert len(set(orders)) == len({frozenset(names) for names in orders})
    assert tuple(sorted(orders[0])) != orders[0]


def test_a_tool_that_is_left_out_is_in_no_set() -> None:
    some = [bundle(14), bundle(30, 9)]
    gone = [some[0].tools[3], some[1].tools[0]]
    for most in (64, None):
        chosen = tree(most=most)
        sets = plan_tool_sets(chosen, some).without(gone)
        shown_ones = {name for index in range(1, 200) for name in shown(sets, index, 3, chosen)[1]}
        # Tools of one name in one toolkit are one tool, in whatever bundle.
        assert shown_ones.isdisjoint({"K0_3", "K0_0"}) and len(shown_ones) > 20
        assert not list(sets.empty_bundles())
        assert [one.name for one in sets.without(some[0].tools).empty_bundles()] == ["kit0"]


_PROGRAM = """
import sys
from scripted_model import BUNDLE
from funcdex.settings.tree import Settings
from funcdex.stages.grammars import grammar_of
from funcdex.stages.tool_sets import plan_tool_sets

chosen = Settings.model_validate({"grammar": {"max_tool_sets": 3}, "generation": {"distractor_tools": 0}})
for tools in plan_tool_sets(chosen, [BUNDLE]).planned():
    grammar = grammar_of(tools, chosen.generation)
    sys.stdout.write(repr((tools, grammar.key, grammar.render("lark"), grammar.render("gbnf"))))
"""


def test_processes_with_other_hash_seeds_plan_the_same_sets_with_the_same_bytes_of_grammar() -> None:
    written = [
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert written[0] == written[1] and written[0].count("start:") == 3


async def test_one_set_of_tools_has_one_grammar_whatever_its_order() -> None:
    chosen = Settings()
    grammars = Grammars(chosen.generation, chosen.grammar, compiled_in_a_thread)
    other = Tool("post", "OTHER", "")
    first = await grammars.of_tools([SEND, other])
    assert await grammars.of_tools([other, SEND]) is first
    assert await grammars.of_tools([other]) is not first
    changed = Tool("post", "OTHER", "", {"type": "object", "properties": {"a": {"type": "string"}}})
    assert (await grammars.of_tools([SEND, changed])).key != first.key
