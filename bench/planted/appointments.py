"""Errands with calendars and bookings."""

from __future__ import annotations

from datetime import date, timedelta

from planted.world import THINGS, Talk, World, listed, stamp


def _event(
    world: World, title: str, day: date, hour: int, minute: int, length: int, who: list[str], zone: str
) -> dict[str, object]:
    end = hour * 60 + minute + length
    return {
        "id": world.id("", 22).lower(),
        "status": "confirmed",
        "htmlLink": f"https://www.google.com/calendar/event?eid={world.id('', 18)}",
        "summary": title,
        "start": {"dateTime": stamp(day, hour, minute, "Z"), "timeZone": zone},
        "end": {"dateTime": stamp(day, end // 60, end % 60, "Z"), "timeZone": zone},
        "attendees": [{"email": mail, "responseStatus": "needsAction"} for mail in who],
        "created": stamp(world.today, 9, 0, "Z"),
        "updated": stamp(world.today, 9, 0, "Z"),
    }


def meeting(talk: Talk, world: World) -> None:
    people = [world.person() for _ in range(world.rng.randint(1, 3))]
    mails = [world.mail_of(name) for name in people]
    day, hour, minute = world.day(), world.rng.randint(8, 16), world.pick(0, 30, 15)
    length, thing, zone = (
        world.pick(30, 45, 60, 90),
        world.pick(*THINGS),
        world.pick("Europe/Lisbon", "America/Toronto", "UTC"),
    )
    spoken = {30: "half an hour", 45: "45 minutes", 60: "an hour", 90: "an hour and a half"}[length]
    talk.user(
        world.pick(
            f"Please set up a meeting about the {thing} on {world.said(day)} at "
            f"{world.clock(hour, minute)} for {spoken}.",
            f"I need {spoken} for the {thing}, {world.said(day)}, {world.clock(hour, minute)}.",
        )
    )
    talk.say("Who should be there?")
    talk.user(world.pick(f"{listed(people)}: {', '.join(mails)}", f"{listed(mails)} please"))
    title = world.pick(
        f"{thing.capitalize()}", f"Meeting: {thing}", f"{thing.title()} with {people[0].split()[0]}"
    )
    end = hour * 60 + minute + length
    made = _event(world, title, day, hour, minute, length, mails, zone)
    talk.call(
        "CREATE_EVENT",
        {
            "calendarId": "primary",
            "summary": title,
            "start": {"dateTime": stamp(day, hour, minute, "Z"), "timeZone": zone},
            "end": {"dateTime": stamp(day, end // 60, end % 60, "Z"), "timeZone": zone},
            "attendees": [{"email": mail} for mail in mails],
            "description": f"We go through the {thing} and settle open points.",
            "sendUpdates": "all",
        },
        made,
    )
    talk.say(
        f"“{title}” is in your calendar for {day.strftime('%A')}, {day.day} {day.strftime('%B')} at "
        f"{hour}:{minute:02}, and {listed(people)} got invitations."
    )


def reschedule(talk: Talk, world: World) -> None:
    day, later = world.day(6), world.day(20)
    thing, mail, zone = world.pick(*THINGS), world.mail_of(world.person()), "Europe/Lisbon"
    event = _event(world, f"{thing.capitalize()}", day, 10, 0, 60, [mail], zone)
    talk.user(f"When is the {thing} this month? It was on {world.said(day)} I think.")
    talk.call(
        "LIST_EVENTS",
        {
            "calendarId": "primary",
            "timeMin": stamp(day, 0, 0, "Z"),
            "timeMax": stamp(day, 23, 59, "Z"),
            "q": thing,
            "singleEvents": True,
        },
        {
            "summary": "Work",
            "timeZone": zone,
            "updated": stamp(world.today, 8, 0, "Z"),
            "items": [{key: value for key, value in event.items() if key not in ("created", "updated")}],
        },
    )
    talk.say(f"It is on {day.day} {day.strftime('%B')}, from 10:00 to 11:00.")
    talk.user(f"Push it to {world.said(later)}, {world.clock(14, 0)}, same length.")
    moved = event | {
        "start": {"dateTime": stamp(later, 14, 0, "Z"), "timeZone": zone},
        "end": {"dateTime": stamp(later, 15, 0, "Z"), "timeZone": zone},
    }
    talk.call(
        "PATCH_EVENT",
        {"calendarId": "primary", "eventId": event["id"], "start": moved["start"], "end": moved["end"]},
        moved,
    )
    talk.say(f"Moved: {later.strftime('%B')} {later.day}, 2 pm to 3 pm.")


def tomorrow(talk: Talk, world: World) -> None:
    """Relative days, where the day is known from the user's own words."""
    today, ahead = world.today, world.pick(1, 2, 7)
    day = today + timedelta(days=ahead)
    words = {1: "tomorrow", 2: "the day after tomorrow", 7: "in a week"}[ahead]
    talk.user(
        f"Today is {today.strftime('%A')}, {today.day} {today.strftime('%B')} {today.year}. Block {words} "
        "from 9 to 11 for deep work."
    )
    made = _event(world, "Deep work", day, 9, 0, 120, [], "UTC")
    talk.call(
        "CREATE_EVENT",
        {
            "calendarId": "primary",
            "summary": "Deep work",
            "start": {"dateTime": stamp(day, 9, 0, "Z")},
            "end": {"dateTime": stamp(day, 11, 0, "Z")},
        },
        made,
    )
    talk.say(f"Done, {day.strftime('%A')} from 9:00 to 11:00 is blocked for two hours of deep work.")


def booking(talk: Talk, world: World) -> None:
    user, event, name = (
        f"https://api.calendly.com/users/{world.id('', 16).upper()}",
        world.uuid(),
        world.person(),
    )
    day, mail = world.day(12), world.mail_of(name)
    org = f"https://api.calendly.com/organizations/{world.id('', 16).upper()}"
    talk.user(f"{name} ({mail}) has to cancel. What did they book on {world.said(day)}?")
    talk.call(
        "GET_CURRENT_USER",
        {},
        {
            "resource": {
                "uri": user,
                "name": "Alex Brandt",
                "email": "alex@copperfieldlabs.io",
                "scheduling_url": "https://calendly.com/alex-brandt",
                "timezone": "Europe/Berlin",
                "current_organization": org,
            }
        },
    )
    uri = f"https://api.calendly.com/scheduled_events/{event}"
    talk.call(
        "LIST_SCHEDULED_EVENTS",
        {
            "user": user,
            "invitee_email": mail,
            "min_start_time": stamp(day, 0, 0, "Z"),
            "max_start_time": stamp(day + timedelta(days=1), 0, 0, "Z"),
            "status": "active",
        },
        {
            "collection": [
                {
                    "uri": uri,
                    "name": "Intro call",
                    "status": "active",
                    "start_time": stamp(day, 13, 30, "Z"),
                    "end_time": stamp(day, 14, 0, "Z"),
                    "event_type": f"https://api.calendly.com/event_types/{world.uuid()}",
                    "invitees_counter": {"total": 1, "active": 1, "limit": 1},
                    "created_at": stamp(world.today, 6, 0, "Z"),
                }
            ],
            "pagination": {"count": 1},
        },
    )
    talk.say(f"An intro call from 13:30 to 14:00 UTC on {day.strftime('%B')} {day.day}. Shall I cancel it?")
    talk.user("Yes, they are ill. Tell them we find another date.")
    talk.call(
        "CANCEL_SCHEDULED_EVENT",
        {"uuid": event, "reason": "The invitee is ill; we will find another date."},
        {
            "resource": {
                "canceled_by": "Alex Brandt",
                "reason": "The invitee is ill; we will find another date.",
                "canceler_type": "host",
                "created_at": stamp(world.today, 12, 0, "Z"),
            }
        },
    )
    talk.say("The intro call is cancelled, and they get your note.")
