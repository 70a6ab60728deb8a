"""A stranger's address: its reader stops the mails and closes the account, in a browser without scripts."""

import re

from tests.support.client import Person
from tests.support.mailbox import Mailbox, text_of
from tests.support.media import Media
from tests.support.wait import until


async def test_the_reader_of_an_unwanted_mail_closes_the_account(
    person: Person, mailbox: Mailbox, media: Media
) -> None:
    answer = await person.upload_raw(media.video(seconds=1).read_bytes(), "a prize at www.evil.example.mp4")
    await person.finished(answer.json()["id"])
    [mail] = await mailbox.next_to(person.email)
    assert "prize" not in str(mail["Subject"]) + text_of(mail)
    found = re.search(r"https?://\S+/not-me\?token=\S+", text_of(mail))
    assert found is not None

    assert "<form" in (await person.http.get(found[0])).text
    assert (await person.get("/v1/conversions")).status_code == 200
    assert (await person.http.post(found[0])).status_code == 200

    async def is_out() -> bool:
        return (await person.get("/v1/conversions")).status_code == 401

    await until(is_out, what="the account is closed")
    assert (await person.sign_in()).status_code in {401, 403}
