"""Money: integer micro-credits inside, credits with at most 6 decimals outside (1 credit = 1,000,000 micro-credits).

Sums stay far below 2^63 (PostgreSQL's bigint) and single amounts below 2^53, so that JSON numbers hold them exactly.
"""

from decimal import Decimal, InvalidOperation
from typing import Final

from domain.errors import InvalidInput

MICRO: Final = 1_000_000
MAX_AMOUNT: Final = 1_000_000_000 * MICRO
"""The largest single amount: a billion credits, below 2^53 micro-credits."""


def to_credits(micro: int) -> int | float:
    """An amount as it stands in answers: an integer when it is one, else at most 6 decimals."""
    whole, rest = divmod(micro, MICRO)
    return micro / MICRO if rest else whole


def in_words(micro: int) -> str:
    """`1 credit`, `0.51 credits`: for sentences."""
    return "1 credit" if micro == MICRO else f"{to_credits(micro)} credits"


def to_micro(amount: Decimal | int | float | str, pointer: str) -> int:
    """Micro-credits of an amount in credits, which may be negative. Raises InvalidInput naming `pointer`."""
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise InvalidInput(f"{amount!r} is not an amount of credits", pointer=pointer) from None
    most = MAX_AMOUNT // MICRO
    if not exact.is_finite() or not -most <= exact <= most:
        raise InvalidInput(f"an amount lies between -{most} and {most}", pointer=pointer)
    micro = exact * MICRO
    if micro != int(micro):
        raise InvalidInput("credits have at most 6 decimals", pointer=pointer)
    return int(micro)


def require_amount(micro: int, pointer: str, *, least: int = 0) -> None:
    """Raises InvalidInput unless `least` <= micro <= MAX_AMOUNT."""
    if not least <= micro <= MAX_AMOUNT:
        raise InvalidInput(
            f"the amount must lie between {to_credits(least)} and {to_credits(MAX_AMOUNT)} credits", pointer=pointer
        )


def share(price: int, fraction: float) -> int:
    """floor(price x fraction) in micro-credits, with `fraction` taken as the decimal it is written as and kept in 0..1.

    0.29 of a credit is 290,000 micro-credits, though the binary 0.29 lies below it. Not a number counts as 0.
    """
    if not fraction > 0:
        return 0
    return int(price * Decimal(repr(float(fraction)))) if fraction < 1 else price
