"""Labelled pairs of made-up scenarios, put together from parts: reordered, with other particulars, asking for
the opposite in the same words, for another step, for something else, or unrelated.

People write better ones. What no template can make is a paraphrase, so these say nothing of those.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from funcdex.dedup.pairs import Pair


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(one.split()) for one in text.split("|"))


PEOPLE = _listed(
    """Ada|Bruno|Chidi|Dalia|Elif|Farid|Greta|Hugo|Ines|Jonas|Kemal|Lena|Marta|Nils|Olga|Pavel|Rosa"""
)
FIRMS = _listed("""Northwind|Quillware|Harborline|Boxpine|Velora|Kestrel|Oakbank|Lumo|Zephyr|Tallis|Morava""")
DAYS = _listed("""Monday|Tuesday|Wednesday|Thursday|Friday""")
TRADES = _listed("""
    bookkeeper|coach|librarian|producer|nurse|curator|planner|buyer|clerk|teacher|janitor|founder|editor|surveyor|
    chemist|bishop|auctioneer|midwife|plumber|referee
""")
EMPLOYERS = _listed("""
    a bakery|a rowing club|a law school|a radio station|a dental practice|a maritime museum|a shipyard|
    a garden centre|a notary's office|a pottery workshop|a ski lift|an orchard|a cinema|a ferry line|a zoo|
    a monastery|a car park|a tea importer|a chess academy|an airfield
""")
THINGS = _listed("""
    unpaid invoices|late tickets|summer guests|evening slots|new volunteers|monthly memberships|draft
    contracts| faded photographs|booth reservations|weekly reports|spare keys|loan requests|recipe
    cards|safety drills| choir rehearsals|allergy forms|parking permits|supplier quotes|podcast episodes|grant
    letters
""")
PLACES = _listed("""
    in the shared folder|of the support queue|on the mailing list|of the booking page|of the rescue project|
    of the student plan|for the partner in Lisbon|of the exhibition|for the spring fair|of the field
    engineers| from the seaside branch|on the noticeboard|of the choir|in the cellar register|for the night
    shift
""")
VERBS = _listed("""
    archive/restore|close/reopen|subscribe/unsubscribe|open/close|add/remove|upgrade/downgrade|approve/reject|
    publish/hide|confirm/cancel|import/export|lock/unlock|upload/download|pin/unpin|enable/disable|
    assign/unassign
""")
ALSO = _listed("""
    write a reminder to every debtor|post a summary in the team channel|label the last messages|
    tell the receptionist|order sandwiches for the crew|email a receipt to everyone|put a note on each page|
    rename each file by its date|update the floor plan|add a page with the totals|print badges for visitors|
    ring the caterer|book a van with a ramp|thank the sponsors by letter|mark the fragile boxes
""")
INSTEAD = _listed("""
    compare {} with the bank statement and list what differs|split {} by product and estimate each|
    ask the owners of {} for a postal address|move {} by half an hour and shorten the breaks|
    rank {} by experience and draw up a rota|find out who pays twice for {} and warn the bank|
    translate {} into Portuguese|merge {} into one album with captions|sort {} by country and count seats|
    check {} against the timesheets
""")
RECIPIENTS = _listed("""
    the mayor|both landlords|an insurer|the twins|her successor|his lawyer|the printers|every tenant|the
    union| a journalist|the embassy|the donors|the pilot|the parents|a cousin
""")
SUBJECTS = _listed("""
    the auditor|the roof|a colleague|the board|the catalogue|the archive|a storm|the lease|the harvest|a
    trainee| the boiler|a strike|the inspector|the founder's widow|the bridge
""")
EVENTS = _listed("""
    comes early|costs too much|was announced|cannot wait|leaks|moves to Oslo|needs evidence|is on television|
    changed its mind|ends in court|doubles|fell through|was insured twice|returns|is late again
""")


@dataclass(frozen=True, slots=True)
class Task:
    """`do` and `undo` are opposites; `also` is a second step, `instead` another one with the same things."""

    thing: str
    where: str
    do: str
    undo: str
    also: str
    instead: str
    goal: str


def _task(dice: random.Random) -> Task:
    thing = f"the {dice.choice(THINGS)}"
    do, undo = dice.choice(VERBS).split("/")
    instead = dice.choice(INSTEAD).format(thing)
    also = f"{dice.choice(ALSO)} with a copy to {dice.choice(RECIPIENTS)}"
    goal = f"{dice.choice(SUBJECTS)} {dice.choice(EVENTS)}"
    return Task(thing, dice.choice(PLACES), do, undo, also, instead, goal)


def made_pairs(count: int, seed: int = 0) -> tuple[Pair, ...]:
    """So many pairs, of all kinds alike."""
    dice, kinds = random.Random(seed), list(_MAKERS)
    pairs = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        first, second = _MAKERS[kind](dice)
        pairs.append(Pair(first, second, kind in ("reorder", "entity_swap"), kind, f"made-{number:04d}"))
    return tuple(pairs)


@dataclass(frozen=True, slots=True)
class _Case:
    person: str
    firm: str
    role: str
    day: str
    number: int


def _case(dice: random.Random) -> _Case:
    choose = dice.choice
    return _Case(
        choose(PEOPLE),
        choose(FIRMS),
        f"{choose(TRADES)} of {choose(EMPLOYERS)}",
        choose(DAYS),
        dice.randrange(3, 90),
    )


def _told(case: _Case, task: Task, verb: str, then: str) -> str:
    return (
        f"{case.person}, the {case.role}, wants to {verb} {task.thing} {task.where} before {case.day}, "
        f"{case.number} of them, and then {then} for {case.firm}, because {task.goal}."
    )


def _reorder(dice: random.Random) -> tuple[str, str]:
    case, task = _case(dice), _task(dice)
    turned = (
        f"Because {task.goal}, {task.thing} {task.where} should be {_participle(task.do)} before {case.day}: "
        f"there are {case.number}. {case.person}, the {case.role}, then wants to {task.also} for {case.firm}."
    )
    return _told(case, task, task.do, task.also), turned


def _participle(verb: str) -> str:
    return {"cancel": "cancelled", "pin": "pinned"}.get(verb, verb + ("d" if verb.endswith("e") else "ed"))


def _entity_swap(dice: random.Random) -> tuple[str, str]:
    task, one, other = _task(dice), _case(dice), _case(dice)
    swapped = _Case(other.person, other.firm, one.role, other.day, other.number)
    return _told(one, task, task.do, task.also), _told(swapped, task, task.do, task.also)


def _opposite(dice: random.Random) -> tuple[str, str]:
    case, task = _case(dice), _task(dice)
    return _told(case, task, task.do, task.also), _told(case, task, task.undo, task.also)


def _negated(dice: random.Random) -> tuple[str, str]:
    case, task = _case(dice), _task(dice)
    text = _told(case, task, task.do, task.also)
    return text, text.replace("and then", "and not")


def _other_step(dice: random.Random) -> tuple[str, str]:
    case, task = _case(dice), _task(dice)
    other = (
        f"The {case.role} at {case.firm} has help: {case.person} is to {task.instead} by {case.day}, all "
        f"{task.where}."
    )
    return _told(case, task, task.do, task.also), other


def _other_goal(dice: random.Random) -> tuple[str, str]:
    case = _case(dice)
    one, other = _task(dice), _task(dice)
    return _told(case, one, one.do, one.also), f"The {case.role} needs to {other.instead}, since {one.goal}."


def _unrelated(dice: random.Random) -> tuple[str, str]:
    one, other = _task(dice), _task(dice)
    second = _case(dice)
    return (
        _told(_case(dice), one, one.do, one.also),
        f"At {second.firm} somebody has to {other.instead}, all {other.where}, as {other.goal}.",
    )


_MAKERS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "reorder": _reorder,
    "entity_swap": _entity_swap,
    "lexical_overlap": _opposite,
    "negation": _negated,
    "other_step": _other_step,
    "same_tools_other_goal": _other_goal,
    "unrelated": _unrelated,
}
