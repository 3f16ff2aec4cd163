"""The settings of one simulated endpoint, and their form as command-line flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from funcdex.errors import ConfigError
from funcdex.sim.faults import Fault, parse_fault

MODEL = "funcdex-sim"
"""The one model; a request may name any other, and is answered by this one."""


@dataclass(frozen=True, slots=True)
class SimConfig:
    """One simulated endpoint. Each field is a flag of `python -m funcdex.sim`."""

    host: str = field(default="127.0.0.1", metadata={"help": "address to listen at"})
    port: int = field(default=0, metadata={"help": "port to listen at; 0: any that is free"})
    slots: int = field(default=64, metadata={"help": "requests that run at once; more wait in order"})
    max_model_len: int = field(default=32_768, metadata={"help": "longest prompt and answer, in tokens"})
    prefill_tokens_per_s: float = field(
        default=200_000.0, metadata={"help": "speed at which prompts are read"}
    )
    step_ms: float = field(default=0.5, metadata={"help": "time of one decode step, a token per request"})
    stall_s: float = field(default=3600.0, metadata={"help": "how long a stall lasts"})
    seed: int = field(default=0, metadata={"help": "all faults and texts follow from it"})
    faults: tuple[Fault, ...] = field(
        default=(), metadata={"help": "KIND,probability=P,count=N,after=N,from_s=S,until_s=S,retry_after_s=S"}
    )
    answers: str = field(
        default="", metadata={"help": "data set whose calls answer requests with tools; none if empty"}
    )
    right: float = field(default=1.0, metadata={"help": "share of these answers that is right"})
    admin: bool = field(default=False, metadata={"help": "faults can be set with POST /sim/faults"})

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65_536:
            raise _unusable("port", self.port, "from 0 to 65535")
        for name in ("slots", "max_model_len"):
            if getattr(self, name) < 1:
                raise _unusable(name, getattr(self, name), "at least 1")
        if not self.prefill_tokens_per_s > 0:
            raise _unusable("prefill_tokens_per_s", self.prefill_tokens_per_s, "more than 0")
        if not 0 <= self.right <= 1:
            raise _unusable("right", self.right, "from 0 to 1")
        for name in ("step_ms", "stall_s"):
            if not getattr(self, name) >= 0:
                raise _unusable(name, getattr(self, name), "not negative")


def _unusable(name: str, value: object, bound: str) -> ConfigError:
    flag = f"--{name.replace('_', '-')}"
    return ConfigError(
        f"{name} is {value}", where=f"simulated endpoint, {flag}", fix=f"It has to be {bound}."
    )


def to_flags(config: SimConfig) -> list[str]:
    """The flags that give this configuration; `from_flags` is the inverse."""
    flags: list[str] = []
    for setting in fields(SimConfig):
        value = getattr(config, setting.name)
        flag = f"--{setting.name.replace('_', '-')}"
        if setting.name == "faults":
            flags += [part for fault in value for part in ("--fault", str(fault))]
        elif isinstance(value, bool):
            flags += [flag] if value else []
        else:
            flags += [flag, str(value)]
    return flags


def from_flags(arguments: Sequence[str]) -> SimConfig:
    """A configuration from command-line flags; argparse ends the process on flags that nobody knows.

    Raises ConfigError for values out of bounds.
    """
    given = vars(_parser().parse_args(arguments))
    return SimConfig(**given | {"faults": tuple(parse_fault(text) for text in given["faults"])})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m funcdex.sim",
        description="A simulated endpoint. Writes one line of JSON with its URL when it listens.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for setting in fields(SimConfig):
        flag, meaning = f"--{setting.name.replace('_', '-')}", setting.metadata["help"]
        if setting.name == "faults":
            parser.add_argument("--fault", dest="faults", action="append", default=[], help=meaning)
        elif isinstance(setting.default, bool):
            parser.add_argument(flag, action="store_true", help=meaning)
        else:
            parser.add_argument(flag, type=type(setting.default), default=setting.default, help=meaning)
    return parser
