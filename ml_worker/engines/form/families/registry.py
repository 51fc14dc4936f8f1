"""The families that `lathe/form` can make: one line each."""

from ml_worker.engines.form.families import bookshelf, bowl, car, chair, house, lamp, mug, table, tree, vase
from ml_worker.engines.form.families.family import Family

FAMILIES: dict[str, Family] = {
    family.id: family
    for family in (
        chair.FAMILY,
        table.FAMILY,
        mug.FAMILY,
        vase.FAMILY,
        bowl.FAMILY,
        lamp.FAMILY,
        house.FAMILY,
        car.FAMILY,
        tree.FAMILY,
        bookshelf.FAMILY,
    )
}
