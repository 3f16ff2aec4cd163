"""Errands with mails and chats."""

from __future__ import annotations

from planted.world import THINGS, Talk, World


def mail(talk: Talk, world: World) -> None:
    name, thing = world.person(), world.pick(*THINGS)
    address, day = world.mail_of(name), world.day()
    message, thread = world.id("", 16).lower(), world.id("", 16).lower()
    first = name.split()[0]
    talk.user(
        world.pick(
            f"Did {name} write anything about the {thing}?", f"look for mail from {address} on the {thing}"
        )
    )
    talk.call(
        "LIST_MESSAGES",
        {"q": f"from:{address if '@' in talk.asked else first} {thing}", "maxResults": 5},
        {"messages": [{"id": message, "threadId": thread}], "resultSizeEstimate": 1},
    )
    talk.call(
        "GET_MESSAGE",
        {"id": message, "format": "full"},
        {
            "id": message,
            "threadId": thread,
            "labelIds": ["INBOX", "UNREAD"],
            "internalDate": "1767607200000",
            "snippet": f"Hello, could you send me the {thing} by {world.said(day)}? Thanks, {first}",
            "payload": {
                "mimeType": "text/plain",
                "headers": [
                    {"name": "From", "value": f"{name} <{address}>"},
                    {"name": "Subject", "value": thing.capitalize()},
                ],
            },
        },
    )
    talk.say(f"Yes, {first} asks for the {thing} by {day.day} {day.strftime('%B')}. Do you want to answer?")
    talk.user(
        world.pick(
            "Tell them they get it on time, and that I am happy to talk it through.",
            "answer that it's coming, friendly tone",
        )
    )
    body = (
        f"Hi {first},\n\nthank you for your mail. You will have the {thing} by {day.strftime('%B')} "
        f"{day.day}. If anything is unclear I am happy to go through it with you.\n\nBest regards"
    )
    talk.call(
        "SEND_MESSAGE",
        {"to": [address], "subject": f"Re: {thing.capitalize()}", "body": body, "threadId": thread},
        {"id": world.id("", 16).lower(), "threadId": thread, "labelIds": ["SENT"]},
    )
    talk.say(f"Sent to {first} ({address}).")


def labels(talk: Talk, world: World) -> None:
    label, word = f"Label_{world.digits(3)}", world.pick("Invoices", "Travel", "Suppliers")
    found = [world.id("", 16).lower() for _ in range(world.rng.randint(2, 4))]
    talk.user(
        f"Make a label {word} and put everything from "
        f"{world.pick('noreply@railway.eu', 'orders@paperhouse.com')} in there."
    )
    sender = "noreply@railway.eu" if "railway" in talk.asked else "orders@paperhouse.com"
    talk.call("CREATE_LABEL", {"name": word}, {"id": label, "name": word, "type": "user"})
    talk.call(
        "LIST_MESSAGES",
        {"q": f"from:{sender}"},
        {"messages": [{"id": one, "threadId": one} for one in found], "resultSizeEstimate": len(found)},
    )
    for one in found:
        talk.call(
            "MODIFY_MESSAGE",
            {"id": one, "addLabelIds": [label]},
            {"id": one, "threadId": one, "labelIds": ["INBOX", label]},
        )
    talk.say(f"The label {word} exists and {len(found)} messages from {sender} carry it.")


def message(talk: Talk, world: World) -> None:
    waba, number, phone = world.digits(15), world.digits(15), f"+44 7{world.digits(3)} {world.digits(6)}"
    person, day = world.person(), world.day(8)
    to = "".join(char for char in phone if char.isdigit())
    talk.user(
        f"Our WhatsApp account is {waba}. Text {person} at {phone} that the van comes {world.said(day)} "
        f"between {world.clock(9, 0)} and {world.clock(11, 30)}."
    )
    talk.call(
        "LIST_PHONE_NUMBERS",
        {"waba_id": waba},
        {
            "data": [
                {
                    "id": number,
                    "display_phone_number": "+44 20 7946 0321",
                    "verified_name": "Bluebird Logistics",
                    "quality_rating": "GREEN",
                }
            ]
        },
    )
    body = (
        f"Hello {person.split()[0]}, our van will be with you on {day.day} {day.strftime('%B')} between "
        "9:00 and 11:30. Bluebird Logistics"
    )
    sent = f"wamid.{world.id('', 24)}"
    talk.call(
        "SEND_TEXT_MESSAGE",
        {
            "phone_number_id": number,
            "to": world.pick(to, "+" + to),
            "text": {"body": body},
            "messaging_product": "whatsapp",
            "type": "text",
        },
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": sent, "message_status": "accepted"}],
        },
    )
    talk.say(f"{person.split()[0]} was told to expect the van on {day.strftime('%A')} between 9 and 11:30.")
    if world.rng.random() < 0.5:
        talk.user("Could you also ask them to keep the gate open?")
        talk.call(
            "SEND_TEXT_MESSAGE",
            {
                "phone_number_id": number,
                "to": to,
                "text": {"body": "One more thing: please keep the gate open for the van. Thank you!"},
                "context": {"message_id": sent},
                "messaging_product": "whatsapp",
                "type": "text",
            },
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": f"wamid.{world.id('', 24)}"}],
            },
        )
        talk.say("Asked, as a reply to the first message.")
