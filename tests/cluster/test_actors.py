"""What Ray is given as actors."""

from __future__ import annotations

import inspect

import pytest

from funcdex.cluster.engine import RangeActor
from funcdex.cluster.shard import Shard


@pytest.mark.parametrize("kind", [RangeActor, Shard])
def test_an_actor_has_no_coroutines(kind: type) -> None:
    """Ray takes one that has any for an actor of coroutines: a call that blocks then holds up all others."""
    assert inspect.getmembers(kind, inspect.iscoroutinefunction) == []
    assert inspect.getmembers(kind, inspect.isasyncgenfunction) == []
