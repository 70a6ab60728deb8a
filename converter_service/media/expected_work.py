"""The processor time that a conversion is expected to take; for the reservation in the quota."""

from converter_service.media.expected_size import expected_seconds
from converter_service.media.media_info import MediaInfo
from converter_service.media.options import Options

# Processor seconds for a second of sound on a core of 2.5 GHz: decoding, encoding in the slowest format (AAC)
# and verification; with loudness normalisation the sound is measured, filtered and measured again.
PLAIN, NORMALISED = 0.02, 0.07


def expected_processor_s(info: MediaInfo, options: Options, source_bytes: int) -> float:
    return expected_seconds(info, options, source_bytes) * (PLAIN if options.loudness is None else NORMALISED)
