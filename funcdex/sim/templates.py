"""Sentences with holes, by mood. `prose.py` fills the holes; every sentence is capitalised and closed."""

from __future__ import annotations

import re
from typing import Literal

Mood = Literal[
    "scenario",
    "ask",
    "follow",
    "plan",
    "report",
    "thought",
    "facts",
    "figures",
    "remark",
    "standing",
    "clarify",
    "trouble",
]


def _sentences(text: str) -> tuple[str, ...]:
    """One for each line that ends a sentence; longer ones go on in the next line."""
    return tuple(" ".join(sentence.split()) for sentence in re.split(r"(?<=[.?])\n", text.strip()))


SENTENCES: dict[Mood, tuple[str, ...]] = {
    "scenario": _sentences("""
        {person} is {job} at {company}, a firm for {industry} in {city}, and has to {verb} the {adj} {noun}
        by {day}.
        In {city}, the {industry} house {company} has lost track of every {adj} {noun} since the {noun}
        changed hands.
        After the {project} launch, {person} wants to {verb} one {adj} {noun} and {verb} the {noun} that
        goes with it.
        {company} does {industry}, and its {job} must {verb} the {noun} before {colleague} arrives from
        {city}.
        One {noun} that {colleague} sent to the {city} office turned out to be wrong, so the {noun} has to be
        {past} again.
        Nobody at {company} knows whether the {adj} {noun} was ever {past}, and the {noun} for {project}
        depends on it.
        The {job} of a small {industry} business asks for help with the {adj} {noun} and a forgotten {noun}.
        {person} took over project {project} from {colleague} and finds the {noun} {past} but the {noun}
        missing.
        Every {day} the team in {city} has to {verb} the {noun}, and this week the {adj} {noun} came in
        twice.
        An inspector visits {company} on {day}, which is why the {noun} and the {adj} {noun} must be {past}
        today.
        While travelling to {city}, {person} wants the {noun} {past} and the {adj} {noun} kept away from
        {colleague}.
        Since the merger of {company} with its {industry} rival, each {noun} exists in two versions that
        disagree.
        The {project} campaign in {city} ends on {day}, and the {job} still needs the {noun} and a fresh
        {noun}.
        {colleague} resigned from {company} without handing over the {adj} {noun}, and customers in {city}
        ask for it.
        For the first time the {industry} branch in {city} runs project {project}, starting from one {adj}
        {noun}.
        A customer from {city} complained about the {noun}, so {person} wants to {verb} it and to {verb} the
        {noun}.
        The storm in {city} delayed the {noun}, and {person}, {job}, has to {verb} the {adj} {noun} in a
        hurry.
        With the {noun} due on {day}, {person} would rather {verb} the old {noun} than begin the {adj}
        {noun} anew.
        {company} opens a second site in {city} for {industry}, and the {noun} for it must match the {adj}
        {noun}.
        A volunteer named {person} helps {company} to {verb} the {adj} {noun} after the {project} evening in
        {city}.
    """),
    "ask": _sentences("""
        Could you please {verb} the {adj} {noun} for {company} before {day}?
        I need to {verb} the {noun} that {colleague} left behind for project {project}, can you help me with
        that?
        Please find out what happened to the {adj} {noun} and {verb} it for our team in {city}.
        Hi, {person} here from {company}, I have to {verb} the {noun} for {colleague} today.
        We should {verb} the {noun} for {project} today, and the {adj} {noun} as well if there is time.
        Can you look at the {adj} {noun} from {city} and tell me whether it was {past} already?
        My colleague {colleague} says that the {noun} was never {past}, so please take care of it now.
        Good morning, the {noun} for {company} looks wrong to me and I want it {past} by {day}.
        I am preparing the {adj} {noun} for {project} and would like you to {verb} the {noun} first.
        Something is off with the {noun} in {city}, would you {verb} it and tell me what you see?
    """),
    "follow": _sentences("""
        Thanks, and can you also {verb} the {adj} {noun} that belongs to {project}?
        Great, now please {verb} the {noun} for {colleague} and let me know when it is done.
        One more thing, the {noun} from {city} should be {past} before {day} as well.
        That looks right to me, so go ahead and {verb} the {adj} {noun} too.
        Hmm, that is not the {noun} I meant, please {verb} the {adj} one for {company} instead.
        Perfect, and what about the {adj} {noun} that {colleague} asked for on {day}?
        Okay, then I would like you to {verb} the {noun} and leave the {adj} {noun} as it is.
        Could you do the same with the {adj} {noun} of the team in {city}?
    """),
    "plan": _sentences("""
        Sure, let me look for the {noun} of {company} first and then {verb} it for you.
        I will {verb} the {adj} {noun} right away and come back to you with the result.
        One moment please, I am going to {verb} the {noun} for {project}.
        Of course, I start with the {adj} {noun} and check whether it was {past} before.
        Before I {verb} anything, I will take a look at the {noun} from {city}.
        Thank you for the details, I can {verb} the {adj} {noun} with them now.
        Let me see what there is about the {noun} that {colleague} mentioned.
    """),
    "report": _sentences("""
        The {adj} {noun} for {project} has been {past}, and {colleague} can see it from now on.
        All done, the {noun} of {company} is {past} and nothing else was changed.
        I have {past} the {noun} for you, so the {adj} {noun} is the only thing left for {day}.
        Here is what I found, the {noun} was {past} in {city} and looks complete to me.
        It worked, the {adj} {noun} is in place and {colleague} does not have to do anything more.
        The {noun} is ready for {day}, and I kept the {adj} {noun} as it was.
        You can tell {colleague} that the {noun} for {company} was {past} without any trouble.
        Everything about the {adj} {noun} is settled now, just let me know if {project} needs more.
    """),
    "clarify": _sentences("""
        Happy to help, but which {noun} do you mean, the {adj} one or the one for {project}?
        Before I start, could you tell me the details of the {adj} {noun} that are still missing?
        Do you want the {noun} {past} for {company}, or only the {adj} {noun}?
        I can do that, only what should the {adj} {noun} look like in the end?
    """),
    "trouble": _sentences("""
        Unfortunately the {noun} could not be {past}, and for now the {adj} {noun} stays as it is.
        I am sorry, that did not work, so the {adj} {noun} for {project} is still open.
        The service refused it, which means that {colleague} has to wait for the {adj} {noun}.
        There was an error with the {noun} of {company}, and I would rather not try to {verb} it blindly.
    """),
    "thought": _sentences("""
        The user wants the {adj} {noun} to be {past}, so I should use the details given so far.
        I know the {noun} and the day, which is enough to {verb} it without asking again.
        First I have to {verb} the {noun}, and only after that does the {adj} {noun} make sense.
        The answer tells me that the {noun} exists, so there is no need to {verb} it twice.
        It is safer to look at the {adj} {noun} before I {verb} anything for {company}.
        Nothing is left to do for the {noun}, and I can simply report the outcome to the user.
    """),
    "facts": _sentences("""
        You can reach {contact} at {email} about {id}, and all of it has to be ready on {date} at {time}.
        The reference is {id}, the day is {date} at {time}, and {contact} uses {email} for mail.
        Please use {id} as the reference and copy {email}, everything is due on {date} at {time}.
        It is about {id}, planned for {date} at {time}, and the person to write to is {email}.
    """),
    "figures": _sentences("""
        We call it {title}, the amount is {amount} for {count} of them, my number is {phone} and more stands
        at {url} for you.
        The name is {title}, there are {count} for {amount} in all, call {phone} for questions or look at
        {url} first.
        It goes by {title}, see {url} for the {count} entries worth {amount}, and you can call me at {phone}
        any time.
    """),
    "standing": _sentences("""
        You assist the people of {company} and {verb} what they ask for, one {noun} at a time.
        Before you {verb} anything for good, you name the {noun} and ask whether it is the right one.
        If a detail of the {noun} is missing, you ask for it and never make one up yourself.
        When a step fails you say so in plain words and offer to {verb} the {adj} {noun} instead.
        You write briefly and politely, and you tell what was {past} and what is still open at the end.
        You never share the {noun} of one team with another team unless somebody clearly asks you to.
        You may {verb} a {noun} on your own, but the {adj} {noun} always needs a word of consent first.
    """),
    "remark": _sentences("""
        The {noun} was {past} on {day} and matches the {adj} {noun}.
        {colleague} asked for the {noun} and got the {adj} {noun} instead.
        See the {adj} {noun} for {project}, which was {past} in {city}.
        The user's wish about the {noun} was clear and the {adj} {noun} was {past} as asked.
        Each step for the {noun} follows from the one before, only the {adj} {noun} came late.
    """),
}

TITLES = (
    "{adj} {noun} for {company}",
    "{project} {noun}",
    "{noun} of {city}",
    "{adj} {noun}",
    "{company} {noun} {day}",
)
"""Short names of things, 2 to 4 words."""
