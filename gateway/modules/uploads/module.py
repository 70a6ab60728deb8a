"""Resumable uploads."""

from gateway.module import module
from gateway.modules.uploads.controller import UploadsController
from gateway.proxy.relay import Relay


@module(controllers=[UploadsController])
class UploadsModule:
    converter: Relay
