"""Errands as they go when nothing is wrong: each writes a few turns of a talk with the shipped tools.

They and the checks have one author, who tuned the checks on them, so figures are optimistic. In the manner
of people and assistants: dates in many forms, ids that come from an earlier response, sums, mails that the
assistant words itself, errors that are owned up to.
"""

from __future__ import annotations

from collections.abc import Callable

from planted.appointments import booking, meeting, reschedule, tomorrow
from planted.billing import invoice, overview, refund, subscription
from planted.documents import document, minutes, share
from planted.messages import labels, mail, message
from planted.tasks import board, failing, issue, todo, transition
from planted.world import Talk, World

Episode = Callable[[Talk, World], None]


def short_talk(talk: Talk, world: World) -> None:
    talk.user(world.pick("What can you do for me here?", "hey, are you able to undo things?"))
    talk.say(
        world.pick(
            "I can look things up and change them for you. Changes are made at once, so tell me if you "
            "would rather see them first.",
            "Some of it: I can move things back, but what is deleted for good stays deleted.",
        )
    )


BY_TOOLKITS: dict[str, tuple[Episode, ...]] = {
    "stripe": (invoice, refund, subscription, overview, short_talk),
    "googlecalendar": (meeting, reschedule, tomorrow),
    "gmail": (mail, labels, short_talk),
    "jira": (issue, transition, failing),
    "asana": (board,),
    "todoist": (todo,),
    "calendly": (booking,),
    "googledrive": (share, minutes),
    "googledocs": (document,),
    "whatsapp": (message,),
    "gmail+googlecalendar": (mail, meeting, reschedule, labels),
    "googledrive+googledocs": (share, minutes, document),
    "jira+gmail": (issue, mail, transition, failing),
    "googledrive+calendly+googlecalendar": (share, booking, meeting),
    "whatsapp+todoist": (message, todo),
}
