"""All checks of one installation, side by side; one that cannot be made does not keep the others from being made."""

import asyncio
from collections.abc import Awaitable
from typing import Final

import httpx

from adapters.kafka import topics
from adapters.postgres.read.partitions import PARTITIONS
from adapters.telemetry.privacy import silent_trace
from cli.doctor.broker import AWAY, check_broker, last_events, log_ends
from cli.doctor.database import ReadModels, check_database, check_lag, check_parked
from cli.doctor.finding import Finding, fail, warn
from cli.doctor.machine import check_home, check_machine
from cli.doctor.objects import check_objects
from cli.doctor.place import Place
from cli.doctor.processes import TIMEOUT_S, check_background, check_gateway, check_service, check_workers, owners_of

HEARTBEATS: Final = 500
ANNOUNCEMENTS: Final = 5_000
NOTICE_S: Final = 1.5
"""Between two looks at the read models: what lags and did not move in that time stands still."""


async def examine(place: Place) -> list[Finding]:
    """Findings in the order in which one should read them. Takes as long as the slowest check: seconds."""
    local = asyncio.to_thread(lambda: [*check_machine(place), *check_home(place)])
    checks = {"machine": local, "kafka": _broker(place), "postgres": _data(place), "s3": _objects(place),
              "services": _processes(place)}  # fmt: skip
    groups = await asyncio.gather(*(_made(area, check) for area, check in checks.items()))
    return [finding for group in groups for finding in group]


async def _made(area: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    """What nobody foresaw ends one check. Its message is not told: it may repeat a URL with a password."""
    try:
        return await check
    except Exception as error:  # noqa: BLE001 - told as a finding
        told = silent_trace(error)
        return [
            fail(area, f"It could not be examined ({told['error'][0]})", f"A fault of lathe itself: {told['at'][-1]}")
        ]


async def _broker(place: Place) -> list[Finding]:
    return await check_broker(place.kafka_url) if place.kafka_url else []


async def _objects(place: Place) -> list[Finding]:
    if place.s3_url is None:
        return []
    if not place.s3_access_key or not place.s3_secret_key:
        return [fail("s3", "The keys of S3 are not known here", "Set LATHE_S3_ACCESS_KEY and LATHE_S3_SECRET_KEY.")]
    return await asyncio.to_thread(
        check_objects, place.s3_url, place.s3_access_key, place.s3_secret_key, place.settings.s3_bucket
    )


async def _data(place: Place) -> list[Finding]:
    """The database, and how far its read models are behind the log."""
    if place.postgres_url is None:
        return []
    findings, models = await check_database(place, place.postgres_url)
    if models is None:
        return findings
    findings += check_parked(models)
    if place.kafka_url is not None:
        findings += await _lag(place, place.kafka_url, place.postgres_url, models)
    return findings


async def _lag(place: Place, kafka_url: str, postgres_url: str, before: ReadModels) -> list[Finding]:
    try:
        ends = await log_ends(kafka_url, PARTITIONS)
    except AWAY:
        return [warn("read models", "How far they are is not known", "Mend Kafka first.")]
    if all(before.positions.get(tp, 0) >= end for tp, end in ends.items()):
        return list(check_lag(before, before, ends))
    await asyncio.sleep(NOTICE_S)
    _, after = await check_database(place, postgres_url)
    return list(check_lag(before, after or before, ends))


async def _processes(place: Place) -> list[Finding]:
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        checks = []
        if place.gateway_url is not None:
            checks.append(check_gateway(http, place.gateway_url))
        named = {"command_api": place.command_api, "query_api": place.query_api}
        checks += [check_service(http, name, address) for name, several in named.items() for address in several]
        apis = {*place.command_api, *place.query_api}
        checks.append(check_background(http, {n: at for n, at in place.metrics.items() if at not in apis}))
        if place.kafka_url is not None and (place.running or not place.embeds):
            checks.append(_by_the_log(http, place, place.kafka_url))
        return [finding for group in await asyncio.gather(*checks) for finding in group]


async def _by_the_log(http: httpx.AsyncClient, place: Place, kafka_url: str) -> list[Finding]:
    """Who announced itself in the log: workers, and the owners of partitions where no stack file names the services."""
    try:
        beats, owners = await asyncio.gather(
            last_events(kafka_url, topics.WORKERS, HEARTBEATS), last_events(kafka_url, topics.OWNERS, ANNOUNCEMENTS)
        )
    except AWAY:
        return [warn("workers", "Whether any is alive is not known", "Mend Kafka first.")]
    findings: list[Finding] = []
    if not place.command_api:
        known = owners_of(owners)
        writers = {address for name, address in known.items() if not name.startswith(topics.ASSIGNMENTS.name)}
        checks = [check_service(http, "command_api", address) for address in sorted(writers)]
        findings += [finding for group in await asyncio.gather(*checks) for finding in group]
        if not writers:
            findings.append(
                fail("services", "No command_api has announced itself", "Start it; it then makes the topics' owners.")
            )
    return findings + list(check_workers(beats))
