"""How many runs diverged, in words."""


def diverged_sentence(runs: int, left_out_of: str) -> str:
    """The sentence about runs that came to no result, without its end.

    Args:
        runs: How many, at least one.
        left_out_of: What they are left out of, such as "no mean".
    """
    return (
        f"{runs} run{'s' * (runs > 1)} diverged, {'each ' * (runs > 1)}at a step where a loss, "
        f"gradient or weight was infinite or NaN, and {'are' if runs > 1 else 'is'} in "
        f"{left_out_of}"
    )
