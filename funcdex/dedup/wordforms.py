"""Words as comparisons see them: stems instead of forms, and which words carry no content."""

from __future__ import annotations

from functools import lru_cache

FUNCTION_WORDS = frozenset(
    """a an the and or but so of to in on at by for from with as into onto out off up down over about after
    before since until while when where which who whom whose that this these those it its they them their
    theirs he him his she her hers we us our you your i my me is are was were be been being am has have had
    having do does did done can could may might must shall should will would need needs needed want wants
    wanted ask asks asked like likes get gets got give gives gave given here there then than too also all any
    each every some both either one ones whoever whatever whenever because once though although if whether
    such same own other others just please now very more most much many as well let lets make makes made
    making go goes going first last afterwards along between via per within through during under above below
    how what why not no never without cannot none nothing neither nor nobody d ll re ve m t s who's so ahead
    anyone anything everyone everybody everything someone something somebody
    again already still yet only even ever around towards toward against among
    new exist existing previously recently currently immediately automatically
    """.split()
)
"""What a reordered sentence may lose or gain. Negations stand here too; `contrast.py` looks at them."""

APPLICATIONS = frozenset(
    """airtable asana calendar calendly clickup confluence discord docs drive dropbox excel facebook figma
    github gitlab gmail google googlecalendar googledocs googledrive googlesheets hubspot instagram intercom
    jira linear linkedin mailchimp miro monday.com notion onedrive outlook paypal pipedrive salesforce shopify
    sheets slack stripe teams telegram todoist trello twilio typeform whatsapp wordpress youtube zendesk
    zoom""".split()
)
"""Names that say what is done, not for whom."""

_IRREGULAR = {
    form: stem
    for stem, forms in {
        "become": "became",
        "begin": "began begun",
        "break": "broke broken",
        "bring": "brought",
        "build": "built",
        "buy": "bought",
        "choose": "chose chosen",
        "draw": "drew drawn",
        "fall": "fell fallen",
        "find": "found",
        "forget": "forgot forgotten",
        "hear": "heard",
        "hide": "hid hidden",
        "hold": "held",
        "keep": "kept",
        "know": "knew known",
        "leave": "left",
        "lose": "lost",
        "meet": "met",
        "pay": "paid",
        "rise": "rose risen",
        "say": "said",
        "see": "saw seen",
        "sell": "sold",
        "send": "sent",
        "show": "shown",
        "speak": "spoke spoken",
        "spend": "spent",
        "take": "took taken",
        "tell": "told",
        "throw": "threw thrown",
        "withdraw": "withdrew withdrawn",
        "write": "wrote written",
    }.items()
    for form in forms.split()
}
_SHORTEST_STEM = 3


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """One text for the forms of a word: `moved`, `moving`, `moves`, `move` -> `mov`. No linguistics: what
    happens to two words alike does no harm, as stems are only compared with stems."""
    if word in FUNCTION_WORDS:
        return word
    return _without_e(_IRREGULAR.get(word) or _without_ending(word))


_ENDINGS = (("ies", "y"), ("ied", "y"), ("ings", ""), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""))


def _without_ending(word: str) -> str:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and not word.endswith("ss"):
            left = word[: -len(ending)] + instead
            is_doubled = ending != "s" and len(left) > _SHORTEST_STEM and left[-1] == left[-2]
            return left[:-1] if is_doubled and left[-1] not in "ls" else left
    return word


def _without_e(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM else word
