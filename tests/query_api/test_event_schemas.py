"""Where `ce_dataschema` leads to."""

from pathlib import Path

import msgspec
import pytest

from domain.registry import EVENTS
from tests.projections.handmade import requested
from tests.query_api.world import World

LANDED = Path(__file__).parents[2] / "docs" / "events"


async def test_a_records_dataschema_is_served_as_it_landed(here: World) -> None:
    ann = await here.user()
    await here.by_hand.append(ann.account_id, requested(here.by_hand.new_id(ann.partition)))
    record = here.by_hand.log.partitions[("lathe.accounts", ann.partition)][-1]
    path = dict(record.headers)["ce_dataschema"].decode()
    answer = await here.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
    assert answer.json() == msgspec.json.decode((LANDED / path.rpartition("/")[2]).read_bytes())
    again = await here.get(path, if_none_match=answer.headers["etag"])
    assert again.status_code == 304


@pytest.mark.parametrize("name", sorted(EVENTS))
async def test_every_type_has_its_schema(here: World, name: str) -> None:
    answer = await here.get(f"/events/{name}.schema.json")
    assert (answer.status_code, answer.json()["type"]) == (200, "object")


@pytest.mark.parametrize("name", ["lathe.task.requested.v9", "..%2f..%2fsecret", "x"])
async def test_no_other_name_leads_anywhere(here: World, name: str) -> None:
    assert (await here.get(f"/events/{name}.schema.json")).status_code == 404
