"""Differences as the page writes them."""


def points(difference: float, decimals: int = 1) -> str:
    """A difference of accuracies in percent points with its sign, such as "+0.7" or "−1.2".

    Args:
        difference: In -1..1.
        decimals: How many the text has; what is rounded to zero has no sign.
    """
    text = f"{100 * difference:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
