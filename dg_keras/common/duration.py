"""A length of time in words."""


def duration(seconds: float) -> str:
    """Hours and minutes, or minutes, or seconds: whichever a reader would say.

    Args:
        seconds: How long.
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours {minutes % 60} minutes"
