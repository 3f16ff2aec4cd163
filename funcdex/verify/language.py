"""User and assistant speak the language that was asked for: a light test by script and frequent words.

A text with fewer than FEWEST_WORDS words passes, and so does a language that is not in the tables but is
written in the same script as one that is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault

FEWEST_WORDS = 8
FEWEST_OTHER = 4
"""So many frequent words of another language, and LEAD times those of the right one, make a text a foreign
one."""
LEAD = 2.0
FEWEST_LETTERS = 20
"""For a judgement by script."""
MAX_CHARS = 20_000

FREQUENT = {
    "en": "the and you for that with this have are was your can please from will would it is to of in on "
          "my me not what be "
    "has i we a at all been but do let know here there now when which out up any just also need could "
    "should as they he she",
    "de": "der die das und ist nicht ich sie mit auf ein eine einen fur wird sich auch bitte mir von dem "
          "den zu im wir kann "
    "habe haben wurde werden wie noch aus bei nach oder als es war ihre ihnen konnen danke uber zum zur am "
    "um du mich",
    "fr": "le la les des est pas que vous pour dans une un avec sur je nous votre ce qui et au aux plus "
          "ete par mon ma merci "
    "bien sont avez vos pouvez cette en du il elle ne se d l c'est j'ai voici bonjour",
    "es": "el la los las que de para por con una un es no su sus como mas pero esta este puede por favor "
          "gracias se lo del "
    "al y en mi me ha he hola te le ya si tengo necesito aqui",
    "it": "il lo la gli le di che per con una un non sono come piu ma questo questa puo grazie della del "
          "dei delle nel alla "
    "al e in mi ho ha ciao si da ti se anche ecco vorrei",
    "pt": "o os a as que de para por com uma um nao sao como mais mas este esta pode obrigado obrigada do "
          "da dos das no na "
    "ao e em meu minha eu voce se ja tem foi ola aqui preciso favor",
    "nl": "de het een en van ik is niet dat op te voor met zijn je we aan er maar om hebben heeft kan kunt "
          "deze dit ook bij "
    "naar uw mijn wordt dank graag u nog wel of als was worden",
    "sv": "och att det som en ett jag ar inte pa for med av har till den du vi kan om sa men fran din min "
          "tack garna har "
    "nu alla eller var ska skulle ditt mitt vill finns",
    "pl": "i w na z sie nie to jest do ze prosze dla jak czy jestem moj moje masz mam dziekuje o po od za "
          "ktory ktora co "
    "ale byc juz tylko moge przez oraz juz tak",
    "tr": "ve bir bu icin ile da de ben sen var yok lutfen evet hayir cok daha gibi olarak ne nasil misin "
          "musunuz tesekkurler "
    "olan benim sizin kadar sonra her mi olarak",
}  # fmt: skip
_SETS = {name: frozenset(text.split()) for name, text in FREQUENT.items()}

_SCRIPT_OF = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "be", "mk"), "CYRILLIC"),
    **dict.fromkeys(("ar", "fa", "ur"), "ARABIC"),
    "el": "GREEK",
    "he": "HEBREW",
    "hi": "DEVANAGARI",
    "th": "THAI",
    "ko": "HANGUL",
    "zh": "CJK",
    "ja": "CJK",
}
_EAST_ASIAN = frozenset(("CJK", "HIRAGANA", "KATAKANA"))
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NOT_SPEECH = re.compile(r"https?://\S+|\S+@\S+|`[^`]*`|\"[^\"]{0,200}\"|<[^>]{0,100}>")


def foreign_texts(conversation: Conversation, language: str) -> Iterator[Fault]:
    """Reason: wrong_language. `language` as in `en` or `pt-BR`; case is of no matter."""
    asked = re.split(r"[-_]", language.lower())[0]
    for index, turn in enumerate(conversation.turns):
        texts = [("the user", turn.user)]
        texts.append(("the assistant", "\n".join(message.text for message in turn.messages if message.text)))
        for who, text in texts:
            if found := _other_than(text, asked):
                yield Fault("wrong_language", f"{who} speaks {found}; {language!r} was asked for", index)


@lru_cache(maxsize=512)
def _other_than(text: str, asked: str) -> str | None:
    """The language or script of a text, where it is surely not the one that was asked for."""
    speech = (
        _NOT_SPEECH.sub(" ", text[:MAX_CHARS]) if any(mark in text for mark in '@`"</') else text[:MAX_CHARS]
    )
    if speech.isascii():
        script = "LATIN"
    else:
        script = _main_script(speech) or "LATIN"
    expected = _SCRIPT_OF.get(asked, "LATIN")
    if script != expected and not (asked == "ja" and script in _EAST_ASIAN):
        letters = sum(map(str.isalpha, speech))
        return script.capitalize() + " script" if letters >= FEWEST_LETTERS else None
    return _other_words(speech, asked) if expected == "LATIN" and asked in _SETS else None


def _other_words(speech: str, asked: str) -> str | None:
    found = _WORD.findall(_without_marks(speech).lower())
    if len(found) < FEWEST_WORDS:
        return None
    right = sum(word in _SETS[asked] for word in found)
    best, hits = "", 0
    for name, frequent in _SETS.items():
        count = sum(word in frequent for word in found)
        if name != asked and count > hits:
            best, hits = name, count
    return repr(best) if hits >= max(FEWEST_OTHER, LEAD * right + 1, 0.15 * len(found)) else None


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    text = text.replace("\u2019", "'").replace("ł", "l").replace("ı", "i").replace("ß", "ss")
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _main_script(text: str) -> str | None:
    """The script of most letters of a text; None without letters."""
    counts: dict[str, int] = {}
    for char in text:
        if char.isalpha():
            name = "LATIN" if char < "\u0250" else _script(char)
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else None


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split()[0]
