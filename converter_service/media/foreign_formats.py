"""Names formats that are not converted by the first bytes of a file. Pure.

Signatures are those of the formats' specifications; no accepted container begins with one of them. An upload
that has one is refused at once; the worker also asks ffmpeg, see `ffmpeg.recognised_format`.

No library does this: `filetype` and `puremagic` know neither playlists nor manifests, and guess from weak
signatures, which would refuse media; libmagic is a parser of untrusted bytes in C, which needs the sandbox.
"""

import codecs
import re
import struct
from enum import StrEnum

import msgspec

LOOK_BYTES = 64 * 1024


class Reason(StrEnum):
    """Why files of a format are not converted, as the rest of a sentence about the file."""

    NO_MEDIA = "not a video or audio file"
    REFERENCES = "which names other files instead of holding sound"
    NOTES = "which holds notes or instruments instead of recorded sound"
    UNSUPPORTED = "which is not supported"


class ForeignFormat(msgspec.Struct, frozen=True):
    """A format with its article, such as `a ZIP archive`."""

    name: str
    reason: Reason = Reason.NO_MEDIA

    @property
    def sentence(self) -> str:
        return f"The file is {self.name}, {self.reason}."


_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"8BPS", "a Photoshop file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"v/1\x01", "an OpenEXR image"),
    (b"SDPX", "a DPX image"),
    (b"XPDS", "a DPX image"),
)
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"PK\x07\x08", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (b"MSCF\x00\x00\x00\x00", "a CAB archive"),
    (b"xar!", "a XAR archive"),
    (b"!<arch>\n", "a package"),
)
_DOCUMENTS = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"{\\rtf", "a text document"),
    (b"<!DOCTYPE ", "an HTML page"),
    (b"<!doctype ", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\x00asm", "a program"),
    (b"Salted__", "an encrypted file"),
    (b"age-encryption.org", "an encrypted file"),
    (b"-----BEGIN PGP", "an encrypted file"),
    (b"d8:announce", "a torrent"),
    (b"d13:announce-list", "a torrent"),
    (b"\x00\x05\x16\x07\x00\x02\x00\x00", "an AppleDouble file (the companion of another one)"),
)
_REFERENCES = (
    (b"#EXTM3U", "an M3U playlist"),
    (b"[playlist]", "a PLS playlist"),
    (b"[Reference]", "an ASX playlist"),
    (b"<asx", "an ASX playlist"),
    (b"<ASX", "an ASX playlist"),
    (b"<smil", "a SMIL presentation"),
    (b"ffconcat version", "a list of files for ffmpeg"),
    (b"v=0\r\no=", "an SDP description"),
    (b"v=0\no=", "an SDP description"),
)
_NOTES = (
    (b"MThd", "a MIDI file"),
    (b"XMF_", "an XMF file"),
    (b"Extended Module: ", "a tracker module"),
    (b"IMPM", "a tracker module"),
    (b"PSID", "a SID tune"),
    (b"RSID", "a SID tune"),
    (b"NESM\x1a", "an NSF tune"),
    (b"SNES-SPC700", "an SPC tune"),
    (b"Vgm ", "a VGM tune"),
)
_AT_START: tuple[tuple[bytes, ForeignFormat], ...] = tuple(
    (signature, ForeignFormat(name, reason))
    for group, reason in (
        (_IMAGES + _ARCHIVES + _DOCUMENTS, Reason.NO_MEDIA),
        (_REFERENCES, Reason.REFERENCES),
        (_NOTES, Reason.NOTES),
    )
    for signature, name in group
)
# Behind a form's length (RIFF), or elsewhere.
_AT_OFFSET: tuple[tuple[int, re.Pattern[bytes], ForeignFormat], ...] = (
    (0, re.compile(rb"RIFF....WEBP", re.DOTALL), ForeignFormat("a WebP image")),
    (0, re.compile(rb"RIFF....RMID", re.DOTALL), ForeignFormat("a MIDI file", Reason.NOTES)),
    (0, re.compile(rb"RIFF....sfbk", re.DOTALL), ForeignFormat("a SoundFont", Reason.NOTES)),
    (4, re.compile(rb"ftyp(hei[cxms]|hev[cx]|mif1|msf1)"), ForeignFormat("a HEIC image")),
    (4, re.compile(rb"ftypavi[fs]"), ForeignFormat("an AVIF image")),
    (44, re.compile(rb"SCRM"), ForeignFormat("a tracker module", Reason.NOTES)),
    (1080, re.compile(rb"M[.!]K[.!]|FLT[48]|[468]CHN"), ForeignFormat("a tracker module", Reason.NOTES)),
    (257, re.compile(rb"ustar"), ForeignFormat("a TAR archive")),
    (32_769, re.compile(rb"CD001"), ForeignFormat("a disc image")),
)
# The first ones of a document in XML, or in text behind a byte order mark.
_ELEMENTS = (
    (re.compile(rb"<(\w+:)?MPD[\s>]"), ForeignFormat("a DASH manifest", Reason.REFERENCES)),
    (re.compile(rb"<SmoothStreamingMedia[\s>]"), ForeignFormat("a streaming manifest", Reason.REFERENCES)),
    (re.compile(rb"<playlist[\s>]"), ForeignFormat("an XSPF playlist", Reason.REFERENCES)),
    (re.compile(rb"<svg[\s>]"), ForeignFormat("an SVG image")),
)
_BLANK = b"\xef\xbb\xbf \t\r\n"
_TEXT_BYTES = 4096
ZIP_FLAGS = struct.Struct("<4sHH")
ZIP_ENCRYPTED = 1


def foreign_format(head: bytes) -> ForeignFormat | None:
    """The format whose signature `head` has; None if it may be media."""
    if head.startswith(b"PK\x03\x04"):
        return _zip_format(head)
    for at, pattern, form in _AT_OFFSET:
        if pattern.match(head, at):
            return form
    if head.startswith(b"#EXTM3U") and b"#EXT-X-" in head:
        return ForeignFormat("an HLS playlist", Reason.REFERENCES)
    text = head.lstrip(_BLANK)
    if text.startswith((b"<?xml", b"<MPD")):
        found = (form for pattern, form in _ELEMENTS if pattern.search(head))
        return next(found, ForeignFormat("an XML file"))
    start = text if text[:1] in (b"<", b"#", b"[") else head
    return next((form for signature, form in _AT_START if start.startswith(signature)), None)


def text_format(head: bytes) -> ForeignFormat | None:
    """Recognises a file of text, for one that was not recognised as anything else."""
    try:
        # Incremental, because the last character may be cut.
        text = codecs.getincrementaldecoder("utf-8")().decode(head[:_TEXT_BYTES])
    except UnicodeDecodeError:
        return None
    is_text = bool(text.strip()) and all(each.isprintable() or each in "\t\r\n\f\ufeff" for each in text)
    return ForeignFormat("a text file") if is_text else None


def _zip_format(head: bytes) -> ForeignFormat:
    """A ZIP archive, by its first entry: encrypted, or one of the documents that are ZIP archives."""
    flags = ZIP_FLAGS.unpack_from(head)[2] if len(head) >= ZIP_FLAGS.size else 0
    if flags & ZIP_ENCRYPTED:
        return ForeignFormat("an encrypted ZIP archive")
    if b"mimetypeapplication/epub+zip" in head[:100]:
        return ForeignFormat("an EPUB book")
    if b"[Content_Types].xml" in head[:100] or b"mimetypeapplication/vnd.oasis" in head[:100]:
        return ForeignFormat("an Office document")
    return ForeignFormat("a ZIP archive")
