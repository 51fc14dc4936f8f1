"""The worker's parts list: the only place here that names real adapters."""

import asyncio
import contextlib
import shutil
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import structlog

from adapters.collector import collect_rarely
from adapters.ids import new_id
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.writer import EventWriter
from adapters.settings import Settings, SettingsError
from adapters.telemetry.endpoint import metrics_endpoint
from ml_worker import metrics
from ml_worker.api import CommandApi
from ml_worker.assignments import Assignments
from ml_worker.catalog import publish_foreign
from ml_worker.folders import make_work_folder
from ml_worker.heart import Heart
from ml_worker.lease import Lease
from ml_worker.parent import Worker
from ml_worker.settings import WorkerSettings, plan
from ml_worker.slot import Slot, offers_of

log = structlog.get_logger(__name__)


async def run(settings: Settings, own: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT. Raises SettingsError, LogTruncated."""
    if not settings.kafka_url or not settings.service_token:
        raise SettingsError("A worker needs LATHE_KAFKA_URL and LATHE_SERVICE_TOKEN.")
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)

    machine = plan(own)
    worker_id = new_id()
    log_ = KafkaLog(settings.kafka_url, client_id="lathe-worker")
    writer = EventWriter(log_, "lathe/ml_worker", settings.append_connections)
    api = CommandApi(own.command_url or (settings.worker_api_url(),), settings.service_token)
    lease = Lease()
    folder = make_work_folder()
    slots = [
        Slot(
            device=device,
            threads=machine.threads,
            engines=own.engines,
            remote=own.remote_engines,
            on_change=lambda: heart.hurry(),
        )
        for device in machine.devices
    ]
    metrics.watch(slots)
    worker = Worker(
        worker_id,
        slots,
        api=api,
        writer=writer,
        lease=lease,
        folder=folder,
        host=socket.gethostname(),
        started_at=datetime.now(UTC),
        most_s=own.worker_run_seconds,
        on_change=lambda: heart.hurry(),
    )
    heart = Heart(writer, lease, worker.beat, worker.lapse)
    assignments = Assignments(log_, worker_id, worker.assign, worker.revoke, worker.retire)

    log.info("worker starts", worker=worker_id, devices=machine.devices, threads=machine.threads, engines=own.engines)
    try:
        for slot in slots:
            slot.start()
        if not await _started(assignments, stop):
            return
        worker.assignments_offset = assignments.offset
        async with metrics_endpoint(settings.metrics_bind), asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(heart.go()),
                tasks.create_task(heart.watch()),
                tasks.create_task(assignments.go()),
                tasks.create_task(_get_ready(slots, heart, api, settings.ready_file)),
            ]
            await _either(stop, worker.left)
            log.info("worker stops", worker=worker_id)
            await worker.drain(own.worker_drain_seconds)
            for task in running:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await heart.beat()
    finally:
        for slot in slots:
            await slot.stop()
        await assignments.stop()
        await writer.stop()
        await api.stop()
        await log_.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _started(assignments: Assignments, stop: asyncio.Event) -> bool:
    """False if the worker was told to stop before the broker answered."""
    starting, stopping = asyncio.create_task(assignments.start()), asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    return False


async def _get_ready(slots: list[Slot], heart: Heart, api: CommandApi, ready_file: Path | None) -> None:
    """Ready: engines are described and a heartbeat says so."""
    await asyncio.gather(*(slot.ready.wait() for slot in slots), heart.first.wait())
    await heart.beat()
    collect_rarely()
    log.info("worker is ready", engines=sorted(offers_of(slots)))
    if ready_file is not None:
        await asyncio.to_thread(ready_file.touch)
    await publish_foreign(api, offers_of(slots).values())
