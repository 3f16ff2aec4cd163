"""The options applied to one sample: which system prompt, tools, thoughts and names its row will have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from funcdex.export.masking import with_masked_names
from funcdex.export.options import Options
from funcdex.export.sample import Sample, name_of


def changed(sample: Sample, options: Options) -> Sample:
    """The sample with the system prompt, tools and thoughts that the options want."""
    if options.system_prompt_dropout and sample.system is not None:
        if options.dice("system prompt", sample.id).random() < options.system_prompt_dropout:
            sample = replace(sample, system=None)
    if options.max_tools is not None:
        sample = replace(sample, tools=_fewer(sample, options, options.max_tools))
    if options.thoughts == "strip":
        messages = (
            message if message.thought is None else replace(message, thought=None)
            for message in sample.messages
        )
        sample = replace(sample, messages=tuple(messages))
    return sample


def masked(sample: Sample, options: Options) -> Sample:
    """The sample with other function names, where the options want that. Apart from `changed`, because what
    is counted of a sample is counted by its real names."""
    return with_masked_names(sample, options.dice("names", sample.id)) if options.mask_names else sample


def without_tools(sample: Sample, names: frozenset[str]) -> Sample:
    """The sample without the tools of these names, which it does not call."""
    kept = tuple(tool for tool in sample.tools if name_of(tool) not in names)
    return sample if len(kept) == len(sample.tools) else replace(sample, tools=kept)


def _fewer(sample: Sample, options: Options, most: int) -> tuple[Mapping[str, Any], ...]:
    dice = options.dice("tools", sample.id)
    called = {call.name for call in sample.calls}
    needed = [tool for tool in sample.tools if name_of(tool) in called]
    others = [tool for tool in sample.tools if name_of(tool) not in called]
    chosen = needed + dice.sample(others, max(0, min(len(others), most - len(needed))))
    dice.shuffle(chosen)
    return tuple(chosen)
