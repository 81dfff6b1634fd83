"""The whole journey through the generated Python bindings: a smoke test of what Kotlin and Swift call too.

`cargo xtask journey python` runs it, with the address of a sandbox in FIELDCAST_SANDBOX.
"""

import asyncio
import os
import sys
import tempfile

import fieldcast_ffi as fc

PATIENCE = 60  # seconds; whatever is waited for comes well before, or never


class Ears(fc.EventListener):
    """Hands events from Fieldcast's thread to the loop."""

    def __init__(self, loop):
        self.loop, self.events = loop, asyncio.Queue()

    def on_event(self, event):
        self.loop.call_soon_threadsafe(self.events.put_nowait, event)

    async def wait_for(self, kind, fits=lambda event: True):
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.events.get()
                if isinstance(event, fc.Event.ENDED):
                    raise AssertionError(event)
                if isinstance(event, kind) and fits(event):
                    return event


class Throws(fc.EventListener):
    def on_event(self, event):
        raise RuntimeError("as ever")


async def phone(name, ears):
    settings = fc.OpenSettings(data_dir=tempfile.mkdtemp(prefix=name), device_name=name)
    return await fc.Fieldcast.open(settings, fc.PlatformPorts(), ears)


async def downloaded(distributor, ears, server):
    try:
        await distributor.login(server, "mz", "distributor", "guess")
        raise AssertionError("a guess was let in")
    except fc.FieldcastError.WrongCredentials as error:
        assert "user name" in error.reason, error.reason
    await distributor.login(server, "mz", "distributor", "fieldcast")
    projects = await distributor.projects()
    project = await distributor.choose_project(projects[0].id)
    leaves = [boundary.code for boundary in await distributor.boundaries(project) if boundary.leaf]
    job = await distributor.start_downsync(project, leaves[:2], allow_metered=False)
    report = await job.finished()
    assert len(report.done) == 2 and not report.failed, report
    await ears.wait_for(fc.Event.OVER)
    return [status.summary.dataset for status in await distributor.datasets()]


async def sent(distributor, ears, datasets, receiver, other_ears, options):
    receiving = await receiver.start_receive(options)
    offering = await distributor.start_offer(datasets, options)
    who = receiver.device().fingerprint
    await ears.wait_for(fc.Event.RECEIVER_FOUND, lambda event: event.receiver.fingerprint == who)
    offering.send_to(who)
    question = (await other_ears.wait_for(fc.Event.ASKED)).question
    compare = await ears.wait_for(fc.Event.COMPARE_CODE)
    assert question.code == compare.code, (question.code, compare.code)
    receiving.answer(question.id, fc.Answer.TRUST)
    offering.answer(who, fc.Answer.TRUST)
    await other_ears.wait_for(fc.Event.SAVED)
    await offering.finished()
    assert isinstance(offering.receivers()[0].state, fc.SendState.SAVED), offering.receivers()
    await offering.stop()
    await receiving.stop()


async def digests(device):
    return [(status.summary.boundary_name, status.summary.digest) for status in await device.datasets()]


async def main():
    loop = asyncio.get_running_loop()
    ears, other_ears = Ears(loop), Ears(loop)
    distributor, receiver = await phone("py-distributor", ears), await phone("py-receiver", other_ears)
    datasets = await downloaded(distributor, ears, os.environ["FIELDCAST_SANDBOX"])
    options = fc.ExchangeOptions(interface="127.0.0.1", reserve=0)
    await sent(distributor, ears, datasets, receiver, other_ears, options)
    assert await digests(distributor) == await digests(receiver)
    page = await receiver.records(fc.RecordQuery(entity="Household", limit=5))
    assert len(page) == 5 and '"clientReferenceId"' in page[0].body
    past = await receiver.history(1)
    assert past[0].outcome.receipt_holds, past
    await distributor.shut_down()
    await receiver.shut_down()
    try:
        await receiver.datasets()
        raise AssertionError("it was shut down")
    except fc.FieldcastError.ShutDown:
        pass

    loud = await phone("py-loud", Throws())
    receiving = await loud.start_receive(options)
    await receiving.stop()
    await loud.shut_down()
    print("3 passed, 0 failed")


asyncio.run(main())
# At its end Python unwinds threads of ours that have not quite returned from a callback, which ends a Rust program.
sys.stdout.flush()
os._exit(0)
