"""The note of a Retry reaches every later delivery of the message, in whichever process."""

from shared.contracts.events import VideoUploaded
from shared.messaging.errors import Retry
from tests.contract.messaging.broker_rigs import Rig, quick_subscription
from tests.support.consumers import Failing, Recorder, consuming, publish

UPLOADED = VideoUploaded(conversion_id="c1")


async def test_a_note_is_given_to_every_later_delivery(rig: Rig) -> None:
    recorder = Recorder(Failing(Retry(0.01, note="half done"), Retry(0.01, counts=False)))
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        await publish(broker, UPLOADED)
        await recorder.finished(1)
    assert [delivery.note for delivery in recorder.deliveries] == ["", "half done", "half done"]
