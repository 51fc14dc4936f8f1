"""The balance, and the ledger with the balance after each movement; nobody else's."""

from domain.account import events as e
from tests.projections.handmade import CREDIT, cancelled, completed, failed, started
from tests.query_api.world import User, World

TRANSACTIONS = "/api/v1/billing/transactions"


async def a_history(here: World) -> tuple[User, list[str], str]:
    """Ann with four tasks (completed, failed, cancelled, cancelled with a part paid) and a gift; and a position."""
    ann = await here.user()
    made = [await here.task(ann, price=2 * CREDIT) for _ in range(4)]
    for task_id in made:
        await here.by_hand.append(ann.account_id, started(task_id))
    await here.by_hand.append(ann.account_id, completed(made[0], here.by_hand.new_id(), charged=2 * CREDIT))
    await here.by_hand.append(ann.account_id, failed(made[1], released=2 * CREDIT))
    await here.by_hand.append(ann.account_id, cancelled(made[2], released=2 * CREDIT))
    await here.by_hand.append(ann.account_id, cancelled(made[3], charged=CREDIT // 2, released=3 * CREDIT // 2))
    await here.by_hand.append(ann.account_id, e.CreditsAdjusted(amount=CREDIT // 4, reason="sorry"))
    end = len(here.by_hand.log.partitions[("lathe.accounts", ann.partition)]) - 1
    return ann, made, f"min_position=lathe.accounts:{ann.partition}@{end}"


async def test_every_movement_with_the_balance_after_it(here: World) -> None:
    ann, made, position = await a_history(here)
    told = (await here.get(f"{TRANSACTIONS}?{position}", ann)).json()
    shown = [(t["type"], t["task_id"], t["amount"], t["released"], t["balance"], t["reserved"]) for t in told["items"]]
    assert shown == [
        ("adjustment", None, 0.25, 0, 97.75, 0),
        ("charge", made[3], -0.5, 1.5, 97.5, 0),
        ("release", made[2], 2, 0, 96, 2),
        ("release", made[1], 2, 0, 94, 4),
        ("charge", made[0], -2, 0, 92, 6),
        ("reservation", made[3], -2, 0, 92, 8),
        ("reservation", made[2], -2, 0, 94, 6),
        ("reservation", made[1], -2, 0, 96, 4),
        ("reservation", made[0], -2, 0, 98, 2),
        ("grant", None, 100, 0, 100, 0),
    ]
    assert told["items"][0]["reason"] == "sorry"
    balance = (await here.get("/api/v1/billing/balance", ann)).json()
    assert balance == {"available": 97.75, "reserved": 0, "currency": "credits"}


async def test_pages_filters_and_others(here: World) -> None:
    ann, made, position = await a_history(here)
    whole = (await here.get(f"{TRANSACTIONS}?{position}", ann)).json()["items"]
    seen, path = [], f"{TRANSACTIONS}?limit=3"
    while True:
        answer = await here.get(path, ann)
        told = answer.json()
        assert told["total"] == 10
        seen += told["items"]
        if told["next"] is None:
            break
        assert f'cursor={told["next"]}>; rel="next"' in answer.headers["link"]
        path = f"{TRANSACTIONS}?limit=3&cursor={told['next']}"
    assert seen == whole
    charges = (await here.get(f"{TRANSACTIONS}?type=charge", ann)).json()
    assert ([t["task_id"] for t in charges["items"]], charges["total"]) == ([made[3], made[0]], 2)
    released = (await here.get(f"{TRANSACTIONS}?type=release&type=grant", ann)).json()
    assert [t["type"] for t in released["items"]] == ["release", "release", "grant"]
    of_one = (await here.get(f"{TRANSACTIONS}?task_id={made[1]}", ann)).json()
    assert [t["type"] for t in of_one["items"]] == ["release", "reservation"]
    assert [t["balance"] for t in of_one["items"]] == [94, 96]
    late = (await here.get(f"{TRANSACTIONS}?created_after={whole[0]['time']}", ann)).json()
    assert [t["type"] for t in late["items"]] == ["adjustment"]
    bob = await here.user("bob")
    mine = (await here.get(f"{TRANSACTIONS}?task_id={made[1]}", bob)).json()
    assert (mine["items"], mine["total"]) == ([], 0)
    cursor = (await here.get(f"{TRANSACTIONS}?limit=1", ann)).json()["next"]
    for path in ("?type=gift", "?limit=0", "?limit=101", f"?cursor={cursor}&type=charge", "?created_after=yesterday",
                 "?created_after=2030-01-01T00:00:00", "?task_id=%00", f"?cursor={cursor}&offset=3"):  # fmt: skip
        answer = await here.get(f"{TRANSACTIONS}{path}", ann)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input"), path
    assert (await here.get(f"{TRANSACTIONS}?limit=1&cursor={cursor}", bob)).status_code == 422


async def test_a_new_account_has_nothing_yet(here: World) -> None:
    ann = await here.user(credits_=0)
    assert (await here.get("/api/v1/billing/balance", ann)).json()["available"] == 0
    assert (await here.get("/api/v1/billing/balance", ann)).headers["etag"]
