"""Images that there is no result of."""


def left_out(images: int) -> list[str]:
    """The sentence about images that could not be read; none where all could be.

    Args:
        images: How many could not.
    """
    if not images:
        return []
    were = "were" if images > 1 else "was"
    return [f"{images} image{'s' * (images > 1)} could not be read, and {were} left out."]
