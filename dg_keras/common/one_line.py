"""Another's message in a sentence of ours."""


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, with "..." where it is longer than the limit.

    Args:
        text: Such as an exception's message.
        limit: The number of characters that are shown.
    """
    words = " ".join(text.split())
    return words if len(words) <= limit else f"{words[: limit - 3]}..."
