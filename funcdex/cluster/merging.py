"""Several ranges as one moment of a run: what the live view and the metrics page show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from funcdex.pipeline import Funnel
from funcdex.pool.events import EndpointSnapshot, PoolSnapshot
from funcdex.rundir.replay import Tokens
from funcdex.rundir.status import cost_of
from funcdex.settings.tree import Price
from funcdex.snapshot import RunSnapshot
from funcdex.stages.grammars import GrammarsSnapshot


def merged(
    moments: Sequence[RunSnapshot],
    *,
    planned: int,
    elapsed_s: float,
    earlier: Mapping[str, Tokens],
    prices: Mapping[str, Price],
    waiting: Sequence[Funnel] = (),
) -> RunSnapshot:
    """All of the run. `earlier` are the tokens paid for in earlier sessions, `waiting` the funnels of ranges
    of which there is no moment yet."""
    counted: list[RunSnapshot | Funnel] = [*moments, *waiting]
    tokens = tokens_of([earlier, *(one.tokens for one in moments)])
    rates = [one.settled_per_s for one in moments if one.settled_per_s]
    return RunSnapshot(
        planned=planned,
        accepted=sum(one.accepted for one in counted),
        rejected=_summed(one.rejected for one in counted),
        live=_summed(one.live for one in moments),
        stages_done=sum(one.stages_done for one in moments),
        elapsed_s=elapsed_s,
        pool=_pool(moments),
        tokens=tokens,
        cost=cost_of(tokens, prices),
        settled_per_s=sum(rates) if rates else None,
        grammars=GrammarsSnapshot(
            sum(one.grammars.reused for one in moments), sum(one.grammars.built for one in moments)
        ),
        stopping=any(one.stopping for one in moments),
    )


def tokens_of(parts: Iterable[Mapping[str, Tokens]]) -> dict[str, Tokens]:
    """The sum, by model."""
    total: dict[str, Tokens] = {}
    for part in parts:
        for model, used in part.items():
            known = total.get(model, Tokens())
            total[model] = Tokens(
                known.prompt + used.prompt,
                known.completion + used.completion,
                known.reasoning + used.reasoning,
            )
    return total


def _pool(moments: Sequence[RunSnapshot]) -> PoolSnapshot:
    endpoints: dict[str, EndpointSnapshot] = {}
    for moment in moments:
        for one in moment.pool.endpoints:
            known = endpoints.get(one.url)
            endpoints[one.url] = one if known is None else _both(known, one)
    pools = [moment.pool for moment in moments]
    return PoolSnapshot(
        at_s=max((pool.at_s for pool in pools), default=0.0),
        endpoints=tuple(endpoints.values()),
        waiting=sum(pool.waiting for pool in pools),
        backing_off=sum(pool.backing_off for pool in pools),
        hedged=sum(pool.hedged for pool in pools),
        hedges_won=sum(pool.hedges_won for pool in pools),
    )


def _both(one: EndpointSnapshot, other: EndpointSnapshot) -> EndpointSnapshot:
    """One endpoint whose slots two actors share: the state is that of whom it does not serve, if any."""
    worse = other if one.state == "ready" else one
    return replace(
        one,
        state=worse.state,
        reason=worse.reason,
        in_flight=one.in_flight + other.in_flight,
        limit=one.limit + other.limit,
        outstanding_tokens=one.outstanding_tokens + other.outstanding_tokens,
        waiting_there=one.waiting_there if one.waiting_there is not None else other.waiting_there,
        paused_for_s=max(one.paused_for_s, other.paused_for_s),
        completed=one.completed + other.completed,
        failed=_summed((one.failed, other.failed)),
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        tokens_per_s=one.tokens_per_s + other.tokens_per_s,
    )


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return dict(total)
