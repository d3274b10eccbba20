"""The opening of each command's help: one sentence, two examples that run."""

EXAMPLES = "Examples:"


def opening(sentence: str, first: str, second: str) -> str:
    """Help text; the mark before the examples keeps their lines as they are."""
    return f"{sentence}\n\n\b\n{EXAMPLES}\n  {first}\n  {second}"
