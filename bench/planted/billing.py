"""Errands with invoices, refunds and subscriptions."""

from __future__ import annotations

from planted.world import FIRMS, THINGS, Talk, World


def invoice(talk: Talk, world: World) -> None:
    firm, cents = world.pick(*FIRMS), world.pick(125_000, 48_050, 9_900, 240_000, 1_875_00, 64_999)
    mail = f"billing@{firm.lower().split()[0].replace('&', '')}.com"
    customer, days = world.id("cus_"), world.pick(14, 30, 10)
    spell = {14: "two weeks", 30: "30 days", 10: "ten days"}[days]
    amount = world.money(cents)
    talk.user(
        world.pick(
            f"Hi! We need to bill {firm} ({mail}) {amount} for the {world.pick(*THINGS)}. They get {spell} "
            "to pay.",
            f"please invoice {mail} for {amount}, it's the {world.pick(*THINGS)}, payment within {spell}",
            f"Can you set up an invoice over {amount} for {firm}? Their address is {mail} and they pay "
            f"within {spell}.",
        )
    )
    talk.say(world.pick("", "Let me look them up first.", "Sure, one moment."))
    talk.call(
        "LIST_CUSTOMERS",
        {"email": mail, "limit": 1},
        {
            "object": "list",
            "url": "/v1/customers",
            "has_more": False,
            "data": [
                {
                    "id": customer,
                    "object": "customer",
                    "name": firm,
                    "email": mail,
                    "created": 1_735_725_600 + world.rng.randrange(10**6),
                }
            ],
        },
    )
    invoice_id, item = world.id("in_"), world.id("ii_")
    base = {"customer": customer, "currency": "usd"}
    talk.call(
        "CREATE_INVOICE",
        {"customer": customer, "collection_method": "send_invoice", "days_until_due": days},
        {
            "id": invoice_id,
            "object": "invoice",
            "status": "draft",
            **base,
            "total": 0,
            "amount_due": 0,
            "amount_paid": 0,
            "created": 1_767_225_600,
        },
    )
    talk.call(
        "CREATE_INVOICE_ITEM",
        {
            **base,
            "amount": cents,
            "invoice": invoice_id,
            "description": world.pick("Services as agreed", "Work of this month"),
        },
        {
            "id": item,
            "object": "invoiceitem",
            **base,
            "invoice": invoice_id,
            "amount": cents,
            "date": 1_767_225_700,
        },
    )
    talk.say(
        world.pick(
            f"There is a draft invoice for {firm} now, ${cents / 100:,.2f}, due {days} days after it is "
            "sent. Shall I finalize it?",
            f"I've drafted invoice {invoice_id} over ${cents / 100:,.2f} for {firm}. Should it go out now?",
        )
    )
    talk.user(world.pick("Yes, go ahead.", "yes please, send it out", "Looks right, finalize it."))
    number = f"{world.pick('HP', 'NL', 'KF')}{world.digits(2)}-{world.digits(4)}"
    talk.call(
        "FINALIZE_INVOICE",
        {"invoice": invoice_id},
        {
            "id": invoice_id,
            "object": "invoice",
            "status": "open",
            **base,
            "total": cents,
            "amount_due": cents,
            "amount_paid": 0,
            "number": number,
            "created": 1_767_225_600,
            "hosted_invoice_url": f"https://pay.stripe.com/i/{world.id('', 20)}",
        },
    )
    talk.say(
        world.pick(
            f"Invoice {number} is open, with ${cents / 100:,.2f} due.",
            f"Done. {number} went to {firm}; {cents / 100:.2f} USD are outstanding.",
        )
    )


def refund(talk: Talk, world: World) -> None:
    order, cents = f"ORD-{world.digits(5)}", world.pick(4_590, 12_900, 8_450)
    customer, payment = world.id("cus_"), world.id("pi_")
    part = cents // 2 * 1
    talk.user(
        f"A customer returned half of order {order}. Could you find the payment? It was "
        f"{world.money(cents, '€')} in total."
    )
    talk.call(
        "SEARCH_PAYMENT_INTENTS",
        {"query": f"metadata['order_id']:'{order}'", "limit": 5},
        {
            "object": "search_result",
            "url": "/v1/payment_intents/search",
            "has_more": False,
            "data": [
                {
                    "id": payment,
                    "object": "payment_intent",
                    "amount": cents,
                    "currency": "eur",
                    "status": "succeeded",
                    "customer": customer,
                    "created": 1_767_300_000,
                }
            ],
        },
    )
    talk.say(f"I found it: {payment}, €{cents / 100:.2f}, paid in full. How much should go back?")
    talk.user(f"Give back {world.money(part, '€')} please, they asked for it.")
    talk.call(
        "CREATE_REFUND",
        {"payment_intent": payment, "amount": part, "reason": "requested_by_customer"},
        {
            "id": world.id("re_"),
            "object": "refund",
            "amount": part,
            "currency": "eur",
            "payment_intent": payment,
            "status": "succeeded",
            "created": 1_767_400_000,
        },
    )
    talk.say(
        f"€{part / 100:.2f} are on their way back to the customer, which leaves "
        f"€{(cents - part) / 100:.2f} of the payment."
    )


def subscription(talk: Talk, world: World) -> None:
    name = world.person()
    mail, customer, sub = world.mail_of(name), world.id("cus_"), world.id("sub_")
    talk.user(f"{name} wants out of the monthly plan. {mail}. End it when the period is over, not now.")
    talk.call(
        "LIST_CUSTOMERS",
        {"email": mail},
        {
            "object": "list",
            "url": "/v1/customers",
            "has_more": False,
            "data": [
                {"id": customer, "object": "customer", "name": name, "email": mail, "created": 1_700_000_000}
            ],
        },
    )
    talk.call(
        "LIST_SUBSCRIPTIONS",
        {"customer": customer, "status": "active"},
        {
            "object": "list",
            "url": "/v1/subscriptions",
            "has_more": False,
            "data": [
                {
                    "id": sub,
                    "object": "subscription",
                    "status": "active",
                    "customer": customer,
                    "start_date": 1_735_689_600,
                }
            ],
        },
    )
    talk.say(
        f"{name} has one active subscription, {sub}. I can only cancel at once with what I have. Do you "
        "still want that?"
    )
    talk.user("Hmm. Then leave it for today, I'll ask them again.")
    talk.say("All right, nothing was changed.")


def overview(talk: Talk, world: World) -> None:
    """Counting and adding up."""
    amounts = [world.rng.randrange(20, 400) * 50 for _ in range(world.rng.randint(3, 5))]
    customer = world.id("cus_")
    talk.user(f"How much did {customer} pay us so far? Successful ones only.")
    talk.call(
        "SEARCH_PAYMENT_INTENTS",
        {"query": f"customer:'{customer}' AND status:'succeeded'", "limit": 50},
        {
            "object": "search_result",
            "url": "/v1/payment_intents/search",
            "has_more": False,
            "data": [
                {
                    "id": world.id("pi_"),
                    "object": "payment_intent",
                    "amount": one,
                    "currency": "gbp",
                    "status": "succeeded",
                    "customer": customer,
                    "created": 1_766_000_000 + n,
                }
                for n, one in enumerate(amounts)
            ],
        },
    )
    talk.say(
        f"There are {len(amounts)} successful payments, £{sum(amounts) / 100:,.2f} together; the largest "
        f"is £{max(amounts) / 100:,.2f}."
    )
