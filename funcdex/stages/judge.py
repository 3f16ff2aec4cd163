"""Whether the conversation is worth learning from: votes by one judge or several, on each turn and the whole.

A judge that fails gives no vote, never a low one. It is asked again; where less than half of the votes'
weight is there in the end, the conversation is unscored, and what becomes of it `judge.unscored` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funcdex.dml.turns import turn_texts
from funcdex.errors import EndpointError
from funcdex.settings.judge import JudgeSettings, Juror
from funcdex.stages.context import Context, Dialogue, Voter
from funcdex.stages.kinds import form_of
from funcdex.stages.panel import Vote, scores_of, unscored, verdicts_of
from funcdex.stages.rubric import answer_schema, read_opinion
from funcdex.types.record import Accepted, Draft, Rejected, StageDone
from funcdex.types.request import Grammar

ANOTHER_TIME = 0.6
"""Lowest temperature of a question that was put before: at 0 the same model would say the same again."""


async def judge(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `unscored` if there are too few votes and such conversations are not to be kept."""
    dialogue, settings = Dialogue(context, draft, "judge"), context.settings.judge
    if not settings.enabled:
        return dialogue.done(scores=None, verdicts=unscored("no judge was asked", ()))
    assert draft.dml is not None
    form = form_of(draft, context.settings.generation)
    # Of a file in base64 nobody could judge what is in it.
    turns = turn_texts(draft.written or draft.dml)
    panel = _Panel(dialogue, turns, form.shown(context.shown(draft)))
    grammar = await context.grammars.of_json(answer_schema(len(panel.turns)))
    jurors = list(jurors_of(settings))
    for juror in jurors:
        await panel.ask(juror, grammar)
    present, whole = (sum(one.weight for one in some) for some in (panel.votes, jurors))
    if panel.votes and present * 2 >= whole:
        votes = panel.votes
        return dialogue.done(scores=scores_of(votes), verdicts=verdicts_of(votes, panel.failed))
    why = f"{len(panel.votes)} of {len(jurors)} votes: {'; '.join(dict.fromkeys(panel.failed))}"
    if settings.unscored == "reject":
        return dialogue.rejected("unscored", why)
    return dialogue.done(scores=None, verdicts=unscored(why, panel.failed))


def settle(draft: Draft, settings: JudgeSettings) -> Accepted | Rejected:
    """The end of a conversation that has been through the judge's stage. One without scores is there only
    because it is to be kept."""
    if draft.scores is None:
        return Accepted(draft.plan.id)
    score = draft.scores["tool_use_quality"]
    least = settings.min_by_kind.get(draft.plan.kind, settings.min_tool_use_quality)
    if score >= least:
        return Accepted(draft.plan.id)
    return Rejected(draft.plan.id, "judge", "low_score", f"tool_use_quality {score}, {least} wanted")


def jurors_of(settings: JudgeSettings) -> Iterator[Juror]:
    """One for each vote."""
    for juror in settings.panel or (Juror(votes=settings.votes),):
        for _ in range(juror.votes):
            yield juror


class _Panel:
    """Collects the votes on one conversation, one after the other."""

    def __init__(self, dialogue: Dialogue, turns: Sequence[str], tools: Sequence[str]) -> None:
        self.turns = turns
        self.votes: list[Vote] = []
        self.failed: list[str] = []
        self._dialogue = dialogue
        self._tools = tools
        self._asked = {juror: 0 for juror in jurors_of(dialogue.context.settings.judge)}

    async def ask(self, juror: Juror, grammar: Grammar) -> None:
        """One vote more, or what became of it."""
        try:
            vote = await self._vote_of(juror, grammar)
        except EndpointError as error:
            self.failed.append(error.kind)
            return
        if vote is not None:
            self.votes.append(vote)
        else:
            self.failed.append("no sample was a verdict")

    async def _vote_of(self, juror: Juror, grammar: Grammar) -> Vote | None:
        dialogue = self._dialogue
        for _ in range(dialogue.context.settings.generation.max_stage_retries + 1):
            completion = await dialogue.ask(
                "judge",
                grammar=grammar,
                of=self._voter(juror),
                tools=self._tools,
                turns=self.turns,
                kind=dialogue.draft.plan.kind,
            )
            self._asked[juror] += 1
            opinion = read_opinion(completion.text, len(self.turns))
            if opinion is not None and completion.finish_reason == "stop":
                return Vote(opinion, completion.model, completion.endpoint, juror.weight)
        return None

    def _voter(self, juror: Juror) -> Voter:
        """A juror that is not named is anybody who has not voted yet."""
        named = juror.endpoint or juror.model
        avoid = () if named else tuple(vote.endpoint for vote in self.votes)
        return Voter(named, avoid, ANOTHER_TIME if self._asked[juror] else 0.0)
