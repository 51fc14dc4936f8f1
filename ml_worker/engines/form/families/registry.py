"""The families that `lathe/form` can make: one line each."""

from ml_worker.engines.form.families import chair, mug, table
from ml_worker.engines.form.families.family import Family

FAMILIES: dict[str, Family] = {
    family.id: family
    for family in (
        chair.FAMILY,
        table.FAMILY,
        mug.FAMILY,
    )
}
