"""Multi-turn function-calling conversations from tool definitions."""

__version__ = "0.1.0"
