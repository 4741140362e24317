"""Runs that there is no record of yet."""


def unfinished(runs: int, planned: int) -> list[str]:
    """The sentence about an experiment that lacks some of its runs; none where it has all.

    Args:
        runs: How many have been done.
        planned: How many there are to be.
    """
    if runs >= planned:
        return []
    return [f"The experiment is unfinished: {runs} of {planned} runs are done."]
