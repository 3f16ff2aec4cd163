"""Commands spell out the fields of what they make, since typer reads options from signatures: none is
forgotten, and none has another default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import pytest

from funcdex.cli.endpoints import sim
from funcdex.cli.export import export
from funcdex.export.options import Options
from funcdex.sim.config import SimConfig

_OTHERWISE = {
    # Runs start simulated endpoints at any free port; a person wants to know where one listens.
    (sim, "port"): 8000,
    # Lists that may be left out.
    (sim, "faults"): None,
}
_NAMES = {(sim, "faults"): "fault"}
# For tests: how long a stall lasts, and faults that change while it runs.
_NOT_FOR_PEOPLE = {(sim, "admin"), (sim, "stall_s")}


@pytest.mark.parametrize(("command", "made"), [(sim, SimConfig), (export, Options)])
def test_a_command_has_an_option_for_each_field_with_its_default(
    command: Callable[..., Any], made: type[Any]
) -> None:
    options = inspect.signature(command).parameters
    for field in fields(made):
        if (command, field.name) in _NOT_FOR_PEOPLE:
            continue
        assert field.default is not MISSING
        option = options[_NAMES.get((command, field.name), field.name)]
        assert option.default == _OTHERWISE.get((command, field.name), field.default), field.name
