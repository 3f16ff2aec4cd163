"""What a finished conversation is held to."""

from __future__ import annotations

from pydantic import Field

from funcdex.settings.node import Frozen


class VerifySettings(Frozen):
    """What a finished conversation is held to, beside its tools' schemas (docs/verification.md)."""

    grounding: bool = Field(default=True, description="arguments come from what was said or answered before")
    statements: bool = Field(
        default=True, description="the assistant contradicts no response, hides no error"
    )
    placeholders: bool = Field(default=True, description="no blanks, dummies and filler text")
    allow_example_domains: bool = Field(
        default=False, description="example.com, example.org, example.net and example.edu are no placeholders"
    )
    file_content: bool = Field(default=True, description="files are real base64 of the size that is told")
    repetition: bool = Field(default=True, description="no circles of calls, sentences or user messages")
    same_calls: int = Field(
        default=3, ge=2, le=100, description="equal calls in a row with equal responses that are a circle"
    )
    language: bool = Field(default=True, description="user and assistant speak generation.language")
    roles: bool = Field(
        default=True, description="no persona quoted, no needless refusal, no word of a simulation"
    )
