"""The sources of the differential run: containers, codecs, layouts, rates, tags and time lines."""

from pathlib import Path

import msgspec

from bench.audio_facts import run

SECONDS = 3
TAGS = {"title": "A title", "artist": "An artist", "album": "An album", "date": "2026"}
PRIVATE = {"location": "+52.5+013.4/", "make": "A make", "model": "A model"}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """`late_s`: the sound begins after the picture; `gap_s`: its timestamps leap after its first second."""

    name: str
    suffix: str
    codec: tuple[str, ...]
    channels: int = 2
    layout: str = "stereo"
    rate_hz: int = 48_000
    picture: str | None = None
    late_s: float = 0.0
    gap_s: float = 0.0
    tags: tuple[tuple[str, str], ...] = ()

    def write(self, directory: Path) -> Path:
        """Pink noise, the same in each channel but for its level."""
        target = directory / f"{self.name.replace(' ', '-').replace('/', '-')}.{self.suffix}"
        noise = f"anoisesrc=color=pink:seed=1:d={SECONDS}:r={self.rate_hz}:a=0.5:n=64"
        spread = f"pan={self.layout}|" + "|".join(f"c{n}={1 - n / 10:.1f}*c0" for n in range(self.channels))
        moved = f"asetpts='PTS+({self.late_s}+gte(T,1)*{self.gap_s})/TB'"
        chains = [f"{noise},{spread},{moved}[a]"]
        words = ["-map", "[a]", *self.codec]
        if self.picture is not None:
            length = SECONDS + self.late_s + self.gap_s
            chains.append(f"testsrc=size=64x36:rate=25:d={length}[v]")
            words = ["-map", "[v]", "-c:v", self.picture, "-pix_fmt", "yuv420p", *words]
        for name, value in self.tags:
            words += ["-metadata", f"{name}={value}"]
        flags = ["-movflags", "use_metadata_tags"] if self.suffix == "mov" else []
        command = ["ffmpeg", "-v", "error", "-y", "-filter_complex", ";".join(chains)]
        run([*command, *words, *flags, f"file:{target}"])
        return target


AAC, MP3, AC3 = ("-c:a", "aac", "-b:a", "128k"), ("-c:a", "libmp3lame", "-b:a", "128k"), ("-c:a", "ac3")
PCM = ("-c:a", "pcm_s16le")
KEPT, ALL = tuple(TAGS.items()), (*TAGS.items(), *PRIVATE.items())

SOURCES = (
    Source(name="mp4 aac", suffix="mp4", codec=AAC, picture="mpeg4", tags=KEPT),
    Source(name="mp4 aac 5.1", suffix="mp4", codec=AAC, picture="mpeg4", channels=6, layout="5.1"),
    Source(name="mp4 aac late", suffix="mp4", codec=AAC, picture="mpeg4", late_s=1.5),
    Source(name="mp4 aac gap", suffix="mp4", codec=AAC, picture="mpeg4", gap_s=1.0),
    Source(name="mov pcm private tags", suffix="mov", codec=PCM, picture="mpeg4", tags=ALL),
    Source(name="mkv opus", suffix="mkv", codec=("-c:a", "libopus"), picture="mpeg4", tags=KEPT),
    Source(name="mkv ac3 5.1", suffix="mkv", codec=AC3, picture="mpeg4", channels=6, layout="5.1"),
    Source(name="mkv aac gap", suffix="mkv", codec=AAC, picture="mpeg4", gap_s=1.0),
    Source(name="mkv flac 7.1", suffix="mkv", codec=("-c:a", "flac"), channels=8, layout="7.1"),
    Source(name="webm vorbis", suffix="webm", codec=("-c:a", "libvorbis"), picture="libvpx"),
    Source(name="ts mp2", suffix="ts", codec=("-c:a", "mp2"), picture="mpeg2video"),
    Source(name="ts ac3 late", suffix="ts", codec=AC3, picture="mpeg2video", late_s=1.5),
    Source(name="mpg ac3", suffix="mpg", codec=AC3, picture="mpeg2video"),
    Source(name="avi mp3", suffix="avi", codec=MP3, picture="mpeg4", rate_hz=44_100),
    Source(name="flv mp3", suffix="flv", codec=MP3, picture="flv1", rate_hz=44_100),
    Source(name="wmv wma", suffix="wmv", codec=("-c:a", "wmav2"), picture="wmv2"),
    Source(name="ogg vorbis tags", suffix="ogg", codec=("-c:a", "libvorbis"), tags=ALL),
    Source(name="mp3 tags", suffix="mp3", codec=MP3, rate_hz=44_100, tags=ALL),
    Source(name="flac 96 kHz", suffix="flac", codec=("-c:a", "flac"), rate_hz=96_000, tags=KEPT),
    Source(name="wav 8 kHz mono", suffix="wav", codec=PCM, rate_hz=8_000, channels=1, layout="mono"),
    Source(name="wav 11 kHz", suffix="wav", codec=PCM, rate_hz=11_025),
)
