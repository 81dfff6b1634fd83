"""A complete transfer through the generated Python bindings: a smoke test of the API that Kotlin and Swift also call.

`cargo xtask journey python` runs it and sets FIELDCAST_SANDBOX to the address of a sandbox server.
"""

import asyncio
import os
import sys
import tempfile

import fieldcast_ffi as fc

TIMEOUT = 60  # seconds; much longer than any event needs


class EventQueue(fc.EventListener):
    """Passes events from Fieldcast's thread to the event loop."""

    def __init__(self, loop):
        self.loop, self.events = loop, asyncio.Queue()

    def on_event(self, event):
        self.loop.call_soon_threadsafe(self.events.put_nowait, event)

    async def wait_for(self, kind, matches=lambda event: True):
        async with asyncio.timeout(TIMEOUT):
            while True:
                event = await self.events.get()
                if isinstance(event, fc.Event.ENDED):
                    raise AssertionError(event)
                if isinstance(event, kind) and matches(event):
                    return event


class FailingListener(fc.EventListener):
    def on_event(self, event):
        raise RuntimeError("a listener that always fails")


async def phone(name, listener):
    settings = fc.OpenSettings(data_dir=tempfile.mkdtemp(prefix=name), device_name=name)
    return await fc.Fieldcast.open(settings, fc.PlatformPorts(), listener)


async def download(distributor, events, server):
    try:
        await distributor.login(server, "mz", "distributor", "wrong")
        raise AssertionError("the server accepted a wrong password")
    except fc.FieldcastError.WrongCredentials as error:
        assert "user name" in error.reason, error.reason
    await distributor.login(server, "mz", "distributor", "fieldcast")
    projects = await distributor.projects()
    project = await distributor.choose_project(projects[0].id)
    leaves = [boundary.code for boundary in await distributor.boundaries(project) if boundary.leaf]
    job = await distributor.start_downsync(project, leaves[:2], allow_metered=False)
    report = await job.finished()
    assert len(report.done) == 2 and not report.failed, report
    await events.wait_for(fc.Event.OVER)
    return [status.summary.dataset for status in await distributor.datasets()]


async def send(distributor, events, datasets, receiver, receiver_events, options):
    receiving = await receiver.start_receive(options)
    offering = await distributor.start_offer(datasets, options)
    fingerprint = receiver.device().fingerprint
    await events.wait_for(fc.Event.RECEIVER_FOUND, lambda event: event.receiver.fingerprint == fingerprint)
    offering.send_to(fingerprint)
    question = (await receiver_events.wait_for(fc.Event.ASKED)).question
    compare = await events.wait_for(fc.Event.COMPARE_CODE)
    assert question.code == compare.code, (question.code, compare.code)
    receiving.answer(question.id, fc.Answer.TRUST)
    offering.answer(fingerprint, fc.Answer.TRUST)
    await receiver_events.wait_for(fc.Event.SAVED)
    await offering.finished()
    assert isinstance(offering.receivers()[0].state, fc.SendState.SAVED), offering.receivers()
    await offering.stop()
    await receiving.stop()


async def digests(device):
    return [(status.summary.boundary_name, status.summary.digest) for status in await device.datasets()]


async def main():
    loop = asyncio.get_running_loop()
    events, receiver_events = EventQueue(loop), EventQueue(loop)
    distributor, receiver = await phone("py-distributor", events), await phone("py-receiver", receiver_events)
    datasets = await download(distributor, events, os.environ["FIELDCAST_SANDBOX"])
    options = fc.ExchangeOptions(network="127.0.0.1", reserve=0)
    await send(distributor, events, datasets, receiver, receiver_events, options)
    assert await digests(distributor) == await digests(receiver)
    page = await receiver.records(fc.RecordQuery(entity="Household", limit=5))
    assert len(page) == 5 and '"clientReferenceId"' in page[0].body
    past = await receiver.history(1)
    assert past[0].outcome.receipt_holds, past
    await distributor.shut_down()
    await receiver.shut_down()
    try:
        await receiver.datasets()
        raise AssertionError("a call succeeded after the shutdown")
    except fc.FieldcastError.ShutDown:
        pass

    failing = await phone("py-failing", FailingListener())
    receiving = await failing.start_receive(options)
    await receiving.stop()
    await failing.shut_down()
    print("3 passed, 0 failed")


asyncio.run(main())
# At its end, Python unwinds Fieldcast threads that are still returning from a callback. This would abort the Rust code.
sys.stdout.flush()
os._exit(0)
