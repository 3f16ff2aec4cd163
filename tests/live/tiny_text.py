"""The text that the tokenizer of the tiny models is trained on: everyday words, JSON and dialog markup,
made here.

Nothing is downloaded and nothing of the repository is read, so the vocabulary stays the same when funcdex
changes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

WORDS = """
a about above account across action actually add added address after again against agenda agree all already
also always am amount an and another answer any anyone anything app application apply appointment approve
archive are around as ask assign at attach attachment attend available away back balance base be because
been before begin behind being below best better between big billing board body book booking both bring
budget build business but button buy by calendar call campaign can cancel card care case category cell
change channel charge chart chat check choose city clean clear client close cloud code colleague column come
comment company complete confirm connect contact contain content contract copy correct cost could country
course create created credit currency current custom customer daily data database date day deadline deal
dear default delay delete deliver delivery department describe description design desk detail did different
direct do document does done door down download draft drive due during each early easy edit either else
email employee empty end engineer enough enter entry error even event every everyone everything exact
example except expense expire explain export extra fail failed false family far fast feature feedback few
field figure file fill filter final find fine finish first fix folder follow following food for form format
forward found free from full function further future get give given go goal goes going good got great group
guest had half hand happen happy hard has have he head header health hello help her here high him his
history hold holiday home hope hotel hour house how however i idea if important in include index info
information inside instead instruction interest into inventory invite invoice is issue it item its itself
job join just keep key kind know label language large last late later launch lead learn least leave left
less let letter level life like limit line link list little live local location log long look lost lot low
made mail main make manage manager many mark market marketing match matter may maybe me mean meet meeting
member memory mention menu message middle might mind minute miss missing mobile model monday money month
monthly more morning most move much must my name near need never new news next night no none not note
nothing notice notification now null number of off offer office often old on once one online only open
option or order original other our out outside over overdue overview own owner page paid paper part partner
party password past pay payment pending people per perhaps permission person phone photo place plan please
point policy poll position possible post prefer prepare present price print priority private problem process
product profile program progress project public publish purchase purpose push put quarter query question
quick quickly quiet quite rate rather reach read ready real reason receipt receive recent record refund
regarding region register reject related release remain remember remind reminder remove renew repeat reply
report request require research reserve resolve resource respond response rest result return review right
role room row rule run safe said sales same save say schedule school search second section security see seem
select sell send sent series service session set setting several share she sheet ship shipping shop short
should show side sign signature simple since single site situation size small so some someone something soon
sorry sort space speak special spend split stage standard star start state statement status stay step still
stock stop store story street strong student subject submit subscription success such suggest summary supply
support sure survey system table tag take talk target task tax team tell template term test text than thank
thanks that the their them then there these they thing think third this those through thursday ticket time
title to today together token tomorrow tonight too tool top topic total touch track transfer travel trial
trip true try turn two type under understand unit until up update upload urgent us use used user usual value
vendor version very via video view visit wait want warning was water way we website week weekly weekend
welcome well were what when where whether which while who whole why will window wish with within without
word work worker world worry would write wrong year yes yesterday yet you young your café naïve résumé
façade Zürich São
""".split()
NAMES = """
Alex Amara Ana Arjun Ben Carla Chen Dana David Elena Emma Farah Felix Grace Hana Hugo Ines Ivan Jonas Julia
Kofi Laura Leo Lucas Maria Marta Mei Nadia Noah Nora Omar Oscar Paula Peter Priya Rosa Sam Sara Sofia Tom
Uma Victor Wei Yara Zoe Berlin Boston Dublin Lagos Lima London Madrid Mumbai Nairobi Oslo Paris Quito Rome
Seoul Tokyo Vienna January February March April June July August September October November December Monday
Tuesday Wednesday Thursday Friday Saturday Sunday
""".split()
KEYS = """
name arguments type string object array integer number boolean properties required items description enum id
user_id title body subject to from cc bcc date start_time end_time time_zone attendees location status state
priority assignee labels label_ids query page_token max_results file_id folder_id url created_at updated_at
total count amount currency customer email phone address message thread_id error successful data scenario
persona outline reasoning score user_query_clarity tool_use_quality content role assistant system function
parameters
""".split()
TAGS = (
    "</user>",
    "</assistant>",
    "<assistant_thought>",
    "</assistant_thought>",
    "<tool>",
    "</tool>",
    "<tool_response>",
    "</tool_response>",
)
ENDINGS = ("s", "ed", "ing", "er", "ly", "ment", "ion")
VERBS = (
    "GET",
    "LIST",
    "CREATE",
    "UPDATE",
    "DELETE",
    "SEND",
    "FETCH",
    "SEARCH",
    "FIND",
    "ADD",
    "REMOVE",
    "MOVE",
    "REPLY",
    "UPLOAD",
)


def words() -> list[str]:
    """The words that the models speak: as listed, and capitalised."""
    return [*WORDS, *NAMES, *(word.capitalize() for word in WORDS)]


def training_text(seed: int) -> Iterator[str]:
    """Documents in which every word occurs with and without a space before it, often enough to become a
    token."""
    chance = random.Random(seed)
    vocabulary = words()
    for _ in range(4):
        yield "\n".join(chance.sample(vocabulary, len(vocabulary)))
        yield " ".join(chance.sample(vocabulary, len(vocabulary)))
    for _ in range(1500):
        yield conversation(chance)
        yield f"{chance.choice(VERBS)}_{chance.choice(WORDS).upper()}_{chance.choice(WORDS).upper()}"
        yield f"{chance.choice(WORDS)}_{chance.choice(WORDS)}{chance.choice(ENDINGS)}"


def conversation(chance: random.Random) -> str:
    call = {"name": f"{chance.choice(VERBS)}_{chance.choice(WORDS).upper()}S", "arguments": members(chance)}
    parts = ["</user>", sentence(chance), "<assistant_thought>", sentence(chance), "</assistant_thought>"]
    parts += [
        "<tool>",
        json.dumps(call),
        "</tool>",
        "<tool_response>",
        json.dumps(members(chance)),
        "</tool_response>",
    ]
    parts += ["</assistant>", sentence(chance)]
    return "\n".join(parts) + "".join(chance.sample(TAGS, 2))


def sentence(chance: random.Random) -> str:
    spoken = [chance.choice(WORDS if chance.random() < 0.85 else NAMES) for _ in range(chance.randint(5, 12))]
    return " ".join([spoken[0].capitalize(), *spoken[1:]]) + chance.choice(".?!:,")


def members(chance: random.Random) -> dict[str, object]:
    return {chance.choice(KEYS): member(chance) for _ in range(chance.randint(1, 4))}


def member(chance: random.Random) -> object:
    date = f"20{chance.randint(24, 27)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    plain = [
        chance.randint(0, 120),
        chance.random() < 0.5,
        None,
        chance.choice(WORDS),
        date,
        f"{date}T10:00:00Z",
    ]
    nested = [[chance.choice(NAMES), chance.choice(NAMES)], {chance.choice(KEYS): chance.choice(WORDS)}, []]
    return chance.choice([*plain, *nested, sentence(chance)])
