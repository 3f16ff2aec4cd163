"""Errands with files and documents."""

from __future__ import annotations

from datetime import timedelta

from planted.world import CITIES, THINGS, Talk, World, stamp


def share(talk: Talk, world: World) -> None:
    name, thing = world.person(), world.pick(*THINGS)
    mail, file = world.mail_of(name), world.id("1", 32)
    day = world.today - timedelta(days=9)
    size = world.pick(18_432, 45_210, 1_204_224)
    talk.user(f"Where is the latest {thing}? I want {name} to comment on it, {mail}.")
    talk.call(
        "LIST_FILES",
        {"q": f"name contains '{thing}' and trashed = false", "orderBy": "modifiedTime desc", "pageSize": 10},
        {
            "incompleteSearch": False,
            "files": [
                {
                    "id": file,
                    "name": f"{thing} v3",
                    "mimeType": "application/vnd.google-apps.document",
                    "modifiedTime": stamp(day, 16, 40, "Z"),
                    "size": str(size),
                    "webViewLink": f"https://docs.google.com/document/d/{file}/edit",
                }
            ],
        },
    )
    talk.say(
        f"The newest is “{thing} v3”, changed on {day.day} {day.strftime('%B')}: https://docs.google.com/document/d/{file}/edit"
    )
    talk.call(
        "CREATE_PERMISSION",
        {
            "fileId": file,
            "type": "user",
            "role": "commenter",
            "emailAddress": mail,
            "sendNotificationEmail": True,
        },
        {
            "id": world.digits(20),
            "type": "user",
            "role": "commenter",
            "emailAddress": mail,
            "displayName": name,
        },
    )
    talk.say(f"{name} can comment on “{thing} v3” now and gets a mail about it.")


def minutes(talk: Talk, world: World) -> None:
    thing, city = world.pick(*THINGS), world.pick(*CITIES)
    file, count = world.id("1", 32), world.rng.randint(3, 9)
    talk.user(
        f"Save my notes as a text file, please: the {city} team is {count} people, rent is "
        f"{world.money(320_000, '€')} a month, and we decide on the {thing} in June."
    )
    talk.say("What should it be called?")
    talk.user(f"notes-{city.lower()}.txt")
    text = (
        f"Notes on {city}\n\n- The team has {count} people.\n- The rent is 3,200 euros a month.\n- The "
        f"{thing} is decided in June."
    )
    talk.call(
        "CREATE_FILE",
        {"name": f"notes-{city.lower()}.txt", "content": text, "mimeType": "text/plain"},
        {
            "id": file,
            "name": f"notes-{city.lower()}.txt",
            "mimeType": "text/plain",
            "createdTime": stamp(world.today, 10, 0, "Z"),
            "size": str(len(text)),
            "webViewLink": f"https://drive.google.com/file/d/{file}/view",
        },
    )
    talk.say(f"Saved as notes-{city.lower()}.txt ({len(text)} bytes).")


def document(talk: Talk, world: World) -> None:
    thing, doc = world.pick(*THINGS), world.id("1", 32)
    a, b = world.person().split()[1], world.person().split()[1]
    talk.user(f"In the doc called {thing}, replace {a} by {b} everywhere.")
    talk.call(
        "SEARCH_DOCUMENTS",
        {"q": thing},
        {
            "files": [
                {
                    "id": doc,
                    "name": thing,
                    "modifiedTime": stamp(world.today, 8, 30, "Z"),
                    "webViewLink": f"https://docs.google.com/document/d/{doc}/edit",
                }
            ]
        },
    )
    times = world.rng.randint(2, 30)
    talk.call(
        "REPLACE_ALL_TEXT",
        {"documentId": doc, "containsText": {"text": a, "matchCase": True}, "replaceText": b},
        {
            "documentId": doc,
            "replies": [{"replaceAllText": {"occurrencesChanged": times}}],
            "writeControl": {"requiredRevisionId": world.id()},
        },
    )
    talk.say(f"{a} became {b} in {times} places.")
