"""The rules of tus 1.0.0, one row each, at the gateway with the converter behind it.

https://tus.io/protocols/resumable-upload
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from msgspec import Struct

from devstack.servers.mongo import Mongo
from tests.support.tus import OFFSET_TYPE, PAGE, Front, front, metadata

# One gateway and one converter for all rows.
pytestmark = pytest.mark.asyncio(loop_scope="module")

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(88))
LENGTH = len(VIDEO)
HALF = LENGTH // 2
MAX_BYTES = 3_000_000
NAMED = metadata(filename="talk.mp4", bitrate="128k")


def checksum(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


class Rule(Struct, kw_only=True):
    """One rule of tus: request, expected response, stored bytes before and after.

    `stored` bytes of VIDEO exist before the request, and `then` bytes after it (None: no upload).
    """

    says: str
    method: str = "PATCH"
    stored: int = HALF
    at: str | None = None
    headers: Mapping[str, str | None] = {}
    body: bytes | None = None
    owner: str | None = "alice"
    status: int
    code: str | None = None
    answer: Mapping[str, str] = {}
    without: tuple[str, ...] = ()
    then: int | None = HALF


def begin(says: str, *, status: int = 201, **more: object) -> Rule:
    """A rule about creation by POST; `then` is the unchanged offset of another upload."""
    headers = {"Upload-Length": str(LENGTH), "Upload-Metadata": NAMED, **more.pop("headers", {})}  # type: ignore[dict-item]
    return Rule(says=says, method="POST", at="/v1/uploads", headers=headers, status=status, **more)  # type: ignore[arg-type]


REST = VIDEO[HALF:]
AT_HALF = {"Upload-Offset": str(HALF)}
RULES = [
    # --- core: HEAD
    Rule(
        says="HEAD tells offset and length, and is not to be cached",
        method="HEAD",
        status=200,
        answer={
            "Upload-Offset": str(HALF),
            "Upload-Length": str(LENGTH),
            "Upload-Metadata": NAMED,
            "Cache-Control": "no-store",
        },
        without=("Tonegate-Conversion-Id", "Upload-Concat"),
    ),
    Rule(says="the offset is told when it is 0", method="HEAD", stored=0, status=200, then=0,
         answer={"Upload-Offset": "0"}),
    Rule(says="an unknown upload has no offset", method="HEAD", at="/v1/uploads/" + 32 * "0", status=404,
         without=("Upload-Offset",)),
    Rule(says="another user's upload is not found", method="HEAD", owner="bob", status=404,
         without=("Upload-Offset",)),
    # --- core: PATCH
    Rule(says="PATCH is acknowledged with the new offset", headers=AT_HALF, body=REST[:7], status=204,
         answer={"Upload-Offset": str(HALF + 7)}, without=("Tonegate-Conversion-Id",), then=HALF + 7),
    Rule(says="an offset behind the end conflicts", headers={"Upload-Offset": "0"}, body=VIDEO, status=409,
         code="conflict"),
    Rule(says="an offset beyond the end conflicts", headers={"Upload-Offset": str(HALF + 1)}, body=REST[1:],
         status=409, code="conflict"),
    Rule(says="an offset is a number", headers={"Upload-Offset": "-1"}, body=REST, status=400,
         code="invalid_request"),
    Rule(says="an offset is required", body=REST, status=400, code="invalid_request"),
    Rule(says="bytes have their own type", headers={**AT_HALF, "Content-Type": "video/mp4"}, body=REST,
         status=415, code="unsupported_media_type"),
    Rule(says="more bytes than were announced are refused", headers=AT_HALF, body=REST + b"x", status=413,
         code="too_large"),
    Rule(says="no bytes change nothing", headers=AT_HALF, body=b"", status=204,
         answer={"Upload-Offset": str(HALF)}),
    Rule(says="PATCH of an unknown upload", at="/v1/uploads/" + 32 * "0", headers=AT_HALF, body=REST,
         status=404, code="not_found"),
    Rule(says="PATCH of another user's upload", headers=AT_HALF, body=REST, owner="bob", status=404,
         code="not_found"),
    Rule(says="what is certainly no media is refused with its first bytes", stored=0,
         headers={"Upload-Offset": "0"}, body=b"\x89PNG\r\n\x1a\n" + bytes(20), status=415, then=0),
    # --- core: version
    Rule(says="another version is refused with ours", body=REST,
         headers={"Tus-Resumable": "0.2.2", **AT_HALF}, status=412, code="invalid_request",
         answer={"Tus-Version": "1.0.0"}),
    Rule(says="no version is another one", method="HEAD", headers={"Tus-Resumable": None}, status=412),
    Rule(says="no version at creation", method="POST", at="/v1/uploads",
         headers={"Tus-Resumable": None, "Upload-Length": "5"}, status=412, answer={"Tus-Version": "1.0.0"}),
    # --- core: OPTIONS
    Rule(
        says="OPTIONS tells what is offered, to everybody, whatever version they name",
        method="OPTIONS",
        at="/v1/uploads",
        headers={"Tus-Resumable": "0.2.2"},
        owner=None,
        status=204,
        answer={
            "Tus-Version": "1.0.0",
            "Tus-Max-Size": str(MAX_BYTES),
            "Tus-Checksum-Algorithm": "sha1,sha256,sha512,md5",
            "Tus-Extension": "creation,creation-with-upload,creation-defer-length,termination,expiration,"
            "checksum,concatenation",
            "Allow": "OPTIONS, POST",
        },
    ),
    Rule(says="OPTIONS of an upload", method="OPTIONS", owner=None, status=204,
         answer={"Tus-Version": "1.0.0", "Allow": "DELETE, HEAD, OPTIONS, PATCH"}),
    # --- core: X-HTTP-Method-Override
    Rule(says="the method may be told in a field", method="POST",
         headers={"X-HTTP-Method-Override": "PATCH", **AT_HALF}, body=REST[:3], status=204, then=HALF + 3),
    Rule(says="what is told counts, not what is used", method="PATCH",
         headers={"X-HTTP-Method-Override": "DELETE"}, status=204, then=None),
    Rule(says="it has to be a method", method="POST", headers={"X-HTTP-Method-Override": "G\tT"}, status=400,
         code="invalid_request"),
    # --- authorization
    Rule(says="an upload without a token is refused", method="POST", at="/v1/uploads", owner=None, status=401,
         code="unauthenticated"),
    Rule(says="a token with read scope may read", method="HEAD", owner="reader", status=200),
    Rule(says="a token with read scope may not write", headers=AT_HALF, body=REST, owner="reader", status=403,
         code="forbidden"),
    # --- creation
    begin("creation answers with a place, and when it expires", without=("Tonegate-Conversion-Id",),
          answer={"Upload-Offset": "0"}),
    begin("a length beyond the limit is refused", headers={"Upload-Length": str(MAX_BYTES + 1)}, status=413,
          code="too_large"),
    begin("a length beyond all numbers too", headers={"Upload-Length": "9" * 30}, status=413),
    begin("a length is a number", headers={"Upload-Length": "ten"}, status=400, code="invalid_request"),
    begin("a length is required", headers={"Upload-Length": None}, status=400, code="invalid_request"),
    begin("nothing can hold no video", headers={"Upload-Length": "0"}, status=400, code="invalid_request"),
    begin("a length may be deferred", headers={"Upload-Length": None, "Upload-Defer-Length": "1"},
          answer={"Upload-Defer-Length": "1", "Upload-Offset": "0"}, without=("Upload-Length",)),
    *(
        begin(f"a length is not deferred with {value!r}", status=400,
              headers={"Upload-Length": None, "Upload-Defer-Length": value})
        for value in ("", "0", "2", "true", "1, 1")
    ),
    begin("a length is either sent or deferred", status=400, headers={"Upload-Defer-Length": "1"}),
    Rule(says="a length is deferred at creation only", headers={**AT_HALF, "Upload-Defer-Length": "1"},
         body=REST[:3], status=204, answer={"Upload-Length": str(LENGTH)}, then=HALF + 3),
    Rule(says="a length may be repeated", headers={**AT_HALF, "Upload-Length": str(LENGTH)}, body=REST[:3],
         status=204, then=HALF + 3),
    Rule(says="a length cannot be changed", headers={**AT_HALF, "Upload-Length": str(LENGTH + 1)},
         body=REST, status=400, code="invalid_request"),
    begin("a value may be empty, and then the space may be missing",
          headers={"Upload-Metadata": "filetype,filename dGFsay5tcDQ="}),
    begin("keys are unique", headers={"Upload-Metadata": "title YQ==,title Yg=="}, status=400),
    begin("keys are not empty", headers={"Upload-Metadata": "title YQ==,"}, status=400),
    begin("values are base64", headers={"Upload-Metadata": "title ?"}, status=400),
    begin("values are UTF-8", headers={"Upload-Metadata": "title /w=="}, status=400),
    begin("options are checked at once", headers={"Upload-Metadata": metadata(bitrate="1k")}, status=400),
    begin("a file name may be in any charset", headers={"Upload-Metadata": "filename Y2Fm6S53YXY="}),
    begin("a key that is no option is ignored, and so is its value",
          headers={"Upload-Metadata": "filename dGFsay5tcDQ=,is_confidential"}),
    *(
        begin(f"{name} is ignored, which clients add by themselves",
              headers={"Upload-Metadata": metadata(filename="talk.mp4", **{name: "x"})})
        for name in ("mimeType", "size", "lastModified", "contentType", "caption", "relativePath", "name",
                     "type", "filetype", "bitrat", "x" * 100)
    ),
    begin("an ignored value may be anything", headers={"Upload-Metadata": "caption /w==,size ?,size ?"}),
    # --- creation with upload
    begin("the first bytes may come with it", body=VIDEO[:9], answer={"Upload-Offset": "9"}),
    begin("all of them may", body=VIDEO, answer={"Upload-Offset": str(LENGTH)}, without=("Upload-Expires",)),
    begin("they have their own type", body=VIDEO, headers={"Content-Type": "video/mp4"}, status=415),
    begin("they are not more than announced", body=VIDEO + b"x", status=413),
    begin("they have their checksum", body=VIDEO, headers={"Upload-Checksum": checksum("sha1", REST)},
          status=460),
    # --- checksum
    *(
        Rule(says=f"bytes with their {name} are taken", body=REST[:9], status=204, then=HALF + 9,
             headers={**AT_HALF, "Upload-Checksum": checksum(name, REST[:9])})
        for name in ("sha1", "sha256", "sha512", "md5")
    ),
    Rule(says="bytes with another checksum are discarded", body=REST, status=460, code="invalid_request",
         headers={**AT_HALF, "Upload-Checksum": checksum("sha1", VIDEO)}),
    Rule(says="an unknown algorithm is refused", body=REST, status=400,
         headers={**AT_HALF, "Upload-Checksum": "crc32 AAAAAA=="}),
    Rule(says="a checksum is base64", body=REST, status=400,
         headers={**AT_HALF, "Upload-Checksum": "sha1 ?"}),
    # --- expiration
    Rule(says="PATCH tells when an unfinished upload expires", headers=AT_HALF, body=REST[:1], status=204,
         answer={"Upload-Expires": "GMT"}, then=HALF + 1),
    Rule(says="what is complete expires no more", headers=AT_HALF, body=REST, status=204,
         answer={"Upload-Offset": str(LENGTH), "Tonegate-Conversion-Id": ""}, without=("Upload-Expires",),
         then=LENGTH),
    Rule(says="HEAD of a complete upload names its conversion", stored=LENGTH, method="HEAD", status=200,
         answer={"Tonegate-Conversion-Id": ""}, then=LENGTH),
    Rule(says="a complete upload takes nothing more", stored=LENGTH, body=b"x", status=413,
         headers={"Upload-Offset": str(LENGTH)}, then=LENGTH),
    # --- termination
    Rule(says="DELETE ends an unfinished upload", method="DELETE", status=204, then=None),
    Rule(says="DELETE ends a complete one", method="DELETE", stored=LENGTH, status=204, then=None),
    Rule(says="DELETE of another user's upload", method="DELETE", owner="bob", status=404),
    # --- concatenation
    begin("a part says so", headers={"Upload-Concat": "partial"}, answer={"Upload-Concat": "partial"}),
    begin("a final upload names its parts", status=400,
          headers={"Upload-Length": None, "Upload-Concat": "final;"}),
    begin("a final upload has no length of its own", status=400,
          headers={"Upload-Concat": "final;/v1/uploads/" + 32 * "0"}),
    begin("a final upload defers no length", status=400,
          headers={"Upload-Length": None, "Upload-Defer-Length": "1",
                   "Upload-Concat": "final;/v1/uploads/" + 32 * "0"}),
    begin("what is no part cannot be joined", status=400,
          headers={"Upload-Length": None, "Upload-Concat": "final;/v1/uploads/" + 32 * "0"}),
    begin("nothing else can be said of parts", status=400, headers={"Upload-Concat": "all"}),
]  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(mongo: Mongo) -> AsyncIterator[Front]:
    url = mongo.new_database()
    async with front(url, max_upload_bytes=MAX_BYTES) as running:
        yield running
    mongo.drop_database(url)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
async def test_rule(api: Front, rule: Rule) -> None:
    path = await api.begin(LENGTH, Upload_Metadata=NAMED)
    if rule.stored:
        assert (await api.append(path, 0, VIDEO[: rule.stored])).status == 204

    answer = await api.call(
        rule.method, rule.at or path, body=rule.body, owner=rule.owner, headers=rule.headers
    )

    assert answer.status == rule.status, await answer.text()
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    if answer.status >= 400 and rule.method != "HEAD":
        assert answer.content_type == "application/problem+json"
        problem = await answer.json(content_type=None)
        assert problem["status"] == rule.status
        assert rule.code in {None, problem["code"]}
    for name, value in rule.answer.items():
        assert value in answer.headers[name]
    assert not [name for name in rule.without if name in answer.headers]
    assert await api.offset(path) == rule.then


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (metadata(bitrate="1k"), "bitrate"),
        (metadata(filename="a.mp4", nonsense="1", channels="9"), "channels"),
        ("filename ?", "filename"),
        ("filename YQ==,filename Yg==", "filename"),
        ("title ?", "title"),
        (metadata(format="mp3", quality="11"), "quality"),
    ],
)
async def test_a_problem_names_the_option_at_fault(api: Front, sent: str, field: str) -> None:
    answer = await api.call("POST", headers={"Upload-Length": "5", "Upload-Metadata": sent})
    problem = await answer.json(content_type=None)
    assert (answer.status, [error["field"] for error in problem["errors"]]) == (400, [field])


async def test_the_finished_upload_is_a_conversion_with_its_name_and_options(api: Front) -> None:
    path = await api.begin(LENGTH, Upload_Metadata=NAMED)
    before = await (await api.call("GET", path.replace("uploads", "conversions"))).json()
    last = await api.append(path, 0, VIDEO)
    identity = last.headers["Tonegate-Conversion-Id"]
    after = await (await api.call("GET", f"/v1/conversions/{identity}")).json()
    assert (before["status"], after["status"]) == ("uploading", "queued")
    assert (after["source"]["filename"], after["source"]["size"]) == ("talk.mp4", LENGTH)
    assert after["options"] == {"format": "mp3", "bitrate": "128k"}
    assert await api.stored(path) == VIDEO


async def test_partial_uploads_sent_in_any_order_become_one_conversion(api: Front) -> None:
    first = await api.begin(HALF, Upload_Concat="partial")
    second = await api.begin(LENGTH - HALF, Upload_Concat="partial")
    listed = await (await api.call("GET", "/v1/conversions")).json()
    early = await joined(api, first, second)
    await api.append(second, 0, VIDEO[HALF:])
    await api.append(first, 0, VIDEO[:HALF])

    final = await joined(api, first, api.url + second)

    assert (early.status, final.status) == (409, 201)
    path = final.headers["Location"]
    assert final.headers["Tonegate-Conversion-Id"] == path.rpartition("/")[2]
    assert await api.stored(path) == VIDEO
    state = await api.call("HEAD", path)
    assert state.headers["Upload-Offset"] == state.headers["Upload-Length"] == str(LENGTH)
    assert state.headers["Upload-Concat"] == f"final;{first} {api.url}{second}"
    assert (await api.append(path, LENGTH, b"x")).status == 403
    assert (await joined(api, first, second)).status == 400
    assert await api.offset(first) is None
    assert first.rpartition("/")[2] not in {item["id"] for item in listed["items"]}
    assert await api.stored(path) == VIDEO


async def joined(api: Front, *parts: str):  # type: ignore[no-untyped-def]
    named = {"Upload-Concat": "final;" + " ".join(parts), "Upload-Metadata": NAMED}
    return await api.call("POST", headers=named)


async def test_partial_uploads_of_other_accounts_cannot_be_concatenated(api: Front) -> None:
    part = await api.begin(LENGTH, Upload_Concat="partial")
    await api.append(part, 0, VIDEO)
    headers = {"Upload-Concat": f"final;{part}"}
    assert (await api.call("POST", headers=headers, owner="bob")).status == 400


async def test_a_repeated_creation_with_its_key_returns_the_same_upload(api: Front) -> None:
    asked = {"Upload-Length": str(LENGTH), "Upload-Metadata": NAMED, "Idempotency-Key": "once"}
    first = await api.call("POST", headers=asked)
    await api.append(first.headers["Location"], 0, VIDEO[:HALF])
    again = await api.call("POST", headers=asked)
    other = await api.call("POST", headers={**asked, "Upload-Length": "7"})
    other_account = await api.call("POST", headers=asked, owner="bob")
    assert (again.status, again.headers["Upload-Offset"]) == (201, str(HALF))
    assert again.headers["Location"] == first.headers["Location"] != other_account.headers["Location"]
    assert other.status == 422


async def test_another_origin_may_use_all_of_tus(api: Front) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "PATCH", "Tus-Resumable": None}
    allowed = (await api.call("OPTIONS", owner=None, headers=asked)).headers
    answered = (await api.call("POST", headers={"Origin": PAGE, "Upload-Length": "5"})).headers
    sent = (
        "Tus-Resumable Upload-Offset Upload-Length Upload-Defer-Length Upload-Metadata Upload-Concat "
        "Upload-Checksum"
    )
    read = (
        "Location Tus-Resumable Upload-Offset Upload-Length Upload-Defer-Length Upload-Expires "
        "Tonegate-Conversion-Id"
    )
    assert "PATCH" in allowed["Access-Control-Allow-Methods"]
    assert set(f"{sent} Content-Type X-HTTP-Method-Override".split()) <= set(
        allowed["Access-Control-Allow-Headers"].split(", ")
    )
    assert set(read.split()) <= set(answered["Access-Control-Expose-Headers"].split(", "))


async def test_the_method_override_is_for_tus_only(api: Front) -> None:
    override = {"X-HTTP-Method-Override": "DELETE"}
    path = await api.begin(LENGTH)
    answer = await api.call("GET", path.replace("uploads", "conversions"), headers=override)
    assert (answer.status, await api.offset(path)) == (200, 0)


async def test_bytes_of_a_wrong_content_type_are_refused(api: Front) -> None:
    path = await api.begin(LENGTH)
    answer = await api.call("PATCH", path, headers={"Upload-Offset": "0"}, body=VIDEO)
    assert answer.status == 204, OFFSET_TYPE
