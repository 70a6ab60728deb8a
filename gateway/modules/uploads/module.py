"""Everything about resumable uploads."""

from gateway.clients.converter import ConverterClient
from gateway.module import module
from gateway.modules.uploads.controller import UploadsController


@module(controllers=[UploadsController])
class UploadsModule:
    converter: ConverterClient
