"""How many planted faults verification finds, how many good conversations it flags, and what it costs.

python bench/planted_faults.py                # 200 good conversations, 27 kinds of faults
python bench/planted_faults.py --show 5       # and the first of each kind that are missed or flagged
python bench/planted_faults.py --record

A fault counts as found if a fault with one of the kind's reasons is told for its turn. No kind is
left out of the share.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from planted.episodes import BY_TOOLKITS
from planted.faults import KINDS
from planted.places import Planted
from planted.world import Talk, World
from record import record, record_option, spread_of, verdict

from funcdex.toolkits.read import read_toolkits
from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Bundle, Tool
from funcdex.verify.given import Given
from funcdex.verify.verify import verify

TOOLS = Path(__file__).parents[1] / "tool_definitions"
LEAST_FOUND, MOST_FLAGGED, MOST_MS = 0.98, 0.01, 5.0
MESSAGES = 30
"""Of the conversations whose cost is measured."""


@dataclass(frozen=True, slots=True)
class Good:
    """A conversation in which nothing is wrong, and its tools."""

    name: str
    conversation: Conversation
    tools: tuple[Tool, ...]


@cache
def _tools(name: str) -> tuple[Tool, ...]:
    kits = {kit.name: kit for kit in read_toolkits([TOOLS]).toolkits}
    return Bundle(tuple(kits[part] for part in name.split("+"))).tools


def good(count: int, seed: int, most_episodes: int = 4) -> Iterator[Good]:
    """Conversations of all toolkits in turn, each of one to four errands."""
    names = list(BY_TOOLKITS)
    for index in range(count):
        rng = Random(f"{seed}:{index}")
        name = names[index % len(names)]
        episodes = BY_TOOLKITS[name]
        world, talk = World(rng), Talk()
        for episode in rng.sample(episodes, min(len(episodes), rng.randint(1, most_episodes))):
            episode(talk, world)
        yield Good(name, talk.conversation(), _tools(name))


def long_talks(count: int, seed: int) -> Iterator[Good]:
    """Conversations of about MESSAGES messages: one errand after another."""
    for index in range(count):
        rng = Random(f"{seed}:long:{index}")
        name = list(BY_TOOLKITS)[index % len(BY_TOOLKITS)]
        world, talk = World(rng), Talk()
        while _messages(made := _so_far(talk)) < MESSAGES:
            rng.choice(BY_TOOLKITS[name])(talk, world)
        assert made is None or made.turns
        yield Good(name, talk.conversation(), _tools(name))


def _so_far(talk: Talk) -> Conversation | None:
    return talk.conversation() if talk.begun else None


def _messages(conversation: Conversation | None) -> int:
    """As the chat API counts them: responses are messages too."""
    if conversation is None:
        return 0
    spoken = sum(1 + len(turn.messages) for turn in conversation.turns)
    return spoken + len(conversation.calls)


def plant(kind: str, talks: Sequence[Good], wanted: int, seed: int) -> Iterator[tuple[Good, Planted]]:
    """So many talks with a fault of the kind, or as many as have a place for it, some more than once."""
    made = 0
    for tries in range(wanted * 20):
        rng = Random(f"{seed}:{kind}:{tries}")
        talk = rng.choice(talks)
        planted = KINDS[kind](talk.conversation, talk.tools, rng)
        if planted is not None and planted.conversation != talk.conversation:
            yield talk, planted
            made += 1
        if made == wanted:
            return


def found(planted: Planted, faults: Sequence[Fault]) -> bool:
    """Whether the fault was told: a reason of its kind, in its turn."""
    return any(fault.reason in planted.reasons and fault.turn == planted.turn for fault in faults)


def verified(talk: Good, conversation: Conversation, persona: str | None = None) -> tuple[Fault, ...]:
    """Every fault, with what is given: the language, and a persona where there is one."""
    return verify(conversation, talk.tools, Given(persona=persona, language="en"), error_responses=True)


def cost_ms(talks: Sequence[Good], rounds: int) -> list[float]:
    """CPU of one conversation in each round, nothing of it looked at before. Tools are known, as in a run."""
    from funcdex.verify import claims, language, moments, quantities

    caches = (claims.claims_in, moments.moments_in, language._other_than)
    caches_of_numbers = (
        quantities.numbers_in,
        quantities.figures_in,
        quantities.amounts_in,
        quantities.spans_in,
    )
    took = []
    for _ in range(rounds):
        for one in (*caches, *caches_of_numbers):
            one.cache_clear()
        start = time.process_time()
        for talk in talks:
            verified(talk, talk.conversation)
        took.append((time.process_time() - start) * 1000 / len(talks))
    return took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--good", type=int, default=200, help="good conversations")
    options.add_argument("--planted", type=int, default=40, help="planted of each kind")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--show", type=int, default=0, help="misses to print of each kind")
    record_option(options)
    chosen = options.parse_args()
    talks = list(good(chosen.good, chosen.seed))
    flagged = [(talk, faults) for talk in talks if (faults := verified(talk, talk.conversation))]
    for talk, faults in flagged[: chosen.show]:
        print(f"flagged, {talk.name}: {faults[0]}")
    rows: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        rows[kind] = {"planted": 0, "found": 0}
        missed = 0
        for talk, planted in plant(kind, talks, chosen.planted, chosen.seed):
            hit = found(planted, verified(talk, planted.conversation, planted.persona))
            rows[kind]["planted"] += 1
            rows[kind]["found"] += hit
            missed += not hit
            if not hit and missed <= chosen.show:
                print(f"missed, {kind}, {talk.name}, turn {planted.turn}: {_difference(talk, planted)}")
        print(f"{kind:28} {rows[kind]['found']:4} of {rows[kind]['planted']}")
    total, hits = (sum(row[key] for row in rows.values()) for key in ("planted", "found"))
    share, false_share = hits / total, len(flagged) / len(talks)
    long = list(long_talks(60, chosen.seed))
    cost_ms(long, 1)
    spread = spread_of(cost_ms(long, 5))
    lengths = [_messages(talk.conversation) for talk in long]
    print(
        f"\n{len(talks) + total} conversations; the long ones have {sum(lengths) / len(lengths):.0f} messages"
    )
    print(verdict("share of planted faults found", share, LEAST_FOUND, at_least=True))
    print(verdict("share of good conversations flagged", false_share, MOST_FLAGGED))
    print(verdict("CPU ms a conversation of 30 messages", spread["median"], MOST_MS))
    if chosen.record:
        figures = {
            "good": len(talks),
            "flagged": len(flagged),
            "planted": total,
            "found": hits,
            "found_share": round(share, 4),
            "kinds": rows,
            "messages": round(sum(lengths) / len(lengths), 1),
            "cpu_ms": spread,
        }
        record("planted_faults", figures, versions=("jsonschema",))


def _difference(talk: Good, planted: Planted) -> str:
    before, after = talk.conversation.turns[planted.turn], planted.conversation.turns[planted.turn]
    if before.user != after.user:
        return after.user[:200]
    for one, two in zip(before.messages, after.messages, strict=False):
        if one.text != two.text:
            return two.text[:200]
        for step, other in zip(one.steps, two.steps, strict=False):
            if step != other:
                changed = step.calls == other.calls
                return str(other.responses if changed else [dict(call.arguments) for call in other.calls])[
                    :400
                ]
    return ""


if __name__ == "__main__":
    main()
