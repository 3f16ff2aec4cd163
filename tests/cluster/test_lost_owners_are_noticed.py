"""Lines that a lost owner of a range had not told are missed, also of one that nobody had heard of yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import anyio
import pytest

from funcdex.cluster.driver import _Driver, _Range
from funcdex.cluster.reports import Batch, RangeDone, RangeReport
from funcdex.errors import ClusterError
from funcdex.pipeline import Funnel


@dataclass
class OneActor:
    """Is done at once, or lost for good; its lives come one after the other."""

    lives: list[str]
    epoch: int = 1
    lost: bool = False

    async def work(self) -> RangeDone:
        """See `RangeHandle.work`."""
        await anyio.wait_all_tasks_blocked()
        if self.lost:
            raise ClusterError("an actor is lost", where="the cluster", fix="Resume the run.")
        return RangeDone(1, {}, simulated=True, epoch=self.epoch)

    async def report(self, got: int) -> RangeReport:
        """See `RangeHandle.report`."""
        return RangeReport(self.lives.pop(0) if len(self.lives) > 1 else self.lives[0], Batch())


@pytest.mark.parametrize(
    ("actor", "missed"),
    [
        (OneActor(["a"]), False),
        (OneActor(["b"], epoch=2), True),
        (OneActor([""], lost=True), True),
    ],
)
async def test_what_nobody_told_is_made_from_the_journal(actor: OneActor, missed: bool) -> None:
    driver = _Driver(cast(Any, None), cast(Any, None))
    with anyio.fail_after(60):
        await driver._carry(_Range(cast(Any, None), cast(Any, actor), Funnel(1)))
    assert driver._lines_missed is missed
