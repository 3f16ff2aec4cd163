"""Words that nobody should say: what was said before, another language, what belongs behind the stage."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from planted.places import Planted, with_last_words, with_user

from funcdex.types.conversation import Conversation
from funcdex.types.tools import Tool


def said_again(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """A user message comes a second time, or a sentence goes round in circles."""
    if len(talk.turns) > 1 and rng.random() < 0.6:
        long = [index for index, turn in enumerate(talk.turns[:-1]) if len(turn.user.split()) > 4]
        if long:
            first = rng.choice(long)
            second = rng.randrange(first + 1, len(talk.turns))
            return Planted(with_user(talk, second, talk.turns[first].user), second, ("repeats_itself",))
    turn = rng.randrange(len(talk.turns))
    text = "I have updated the entry for you as you asked. " * 4
    return Planted(with_last_words(talk, turn, text.strip()), turn, ("repeats_itself",))


_FOREIGN = (
    "Natürlich, ich habe das für dich erledigt und du kannst dir den Eintrag jetzt in der Liste ansehen.",
    "Bien sûr, je l'ai fait pour vous et vous pouvez maintenant voir le résultat dans la liste de vos "
    "dossiers.",
    "Claro, ya lo he hecho por ti y ahora puedes ver el resultado en la lista con los otros documentos.",
    "Конечно, я всё сделал, и теперь вы можете посмотреть результат в списке.",
    "好的，我已经帮您处理好了，现在您可以在列表中查看结果，如有需要请随时告诉我。",
    "Certo, ho fatto tutto e ora puoi vedere il risultato nella lista con gli altri documenti del progetto.",
    "Claro, já fiz isso para você e agora você pode ver o resultado na lista com os outros documentos.",
    "Natuurlijk, ik heb het voor u gedaan en u kunt het resultaat nu in de lijst met de andere stukken zien.",
)


def foreign(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """User or assistant speaks another language for once."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(_FOREIGN)
    made = with_user(talk, turn, text) if rng.random() < 0.3 else with_last_words(talk, turn, text)
    return Planted(made, turn, ("wrong_language",))


_PERSONAS = (
    "Rita Vogel is office manager at a dental clinic of forty people in Graz, writes in short sentences "
    "and is always a little late for her next appointment.",
    "A warehouse planner who took over the job three weeks ago, knows the goods well but none of the "
    "systems, and apologises for every question he asks.",
)


def persona_leak(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The notes on the user are quoted, or the user speaks of themselves as the user."""
    turn, persona = rng.randrange(len(talk.turns)), rng.choice(_PERSONAS)
    if rng.random() < 0.4:
        text = rng.choice(
            (
                "The user asks the assistant to look at the list.",
                "The user wants to know what is left to do.",
                "User: and what is left to do?",
            )
        )
        return Planted(with_user(talk, turn, text), turn, ("persona_leak",), persona)
    return Planted(
        with_last_words(talk, turn, f"Since {persona[0].lower()}{persona[1:]} I kept it short."),
        turn,
        ("persona_leak",),
        persona,
    )


def refusal(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """The assistant declines without need."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(
        (
            "As an AI language model, I cannot send messages or change entries.",
            "I'm sorry, but I can't assist with that.",
            "I'm just an AI language model and have no access to your files.",
            "I cannot fulfill this request.",
            "I'm sorry, but I cannot help with that request.",
        )
    )
    return Planted(with_last_words(talk, turn, text), turn, ("refusal",))


def simulation(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Somebody speaks of the stage."""
    turn = rng.randrange(len(talk.turns))
    text = rng.choice(
        (
            "In this simulated conversation I pretend that it was sent.",
            "As per the scenario, the entry was changed.",
            "According to the tool schema I need an id for that.",
            "This is a mock response, so nothing was changed.",
            "Here is the result in DML.",
            "Based on the scenario, the list has been updated.",
        )
    )
    made = with_user(talk, turn, text) if rng.random() < 0.2 else with_last_words(talk, turn, text)
    return Planted(made, turn, ("simulation_mentioned",))
