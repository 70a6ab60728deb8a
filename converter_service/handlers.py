"""Events → use-cases of the worker."""

from converter_service.work import Work
from shared.contracts.events import VideoUploaded
from shared.messaging.inboxes import CONVERTER_WORKER
from shared.messaging.ports import Delivery, Handlers


def handlers(work: Work) -> Handlers:
    async def convert(event: VideoUploaded, _: Delivery) -> None:
        await work.run(event.conversion_id)

    return Handlers({VideoUploaded: convert}, expected=CONVERTER_WORKER.events)
