"""Leaving out again, in the models that are built, what operators left out."""

from processors.projections import leadership, skips


async def skip_again(url: str, schema: str) -> int:
    """Carry out in `schema` each skip that was carried out in the models that serve; how many.

    Nobody projects into `schema` meanwhile: its lock is taken.
    """
    connection = await leadership.connect(url, schema)
    try:
        await leadership.become_leader(connection, schema)
        async with connection.transaction():
            return len(await skips.skip_again(connection))
    finally:
        connection.terminate()
