"""Presets, which the converter keeps."""

from gateway.idempotency.service import Idempotency
from gateway.module import module
from gateway.modules.presets.controller import PresetsController
from gateway.proxy.relay import Relay


@module(controllers=[PresetsController])
class PresetsModule:
    converter: Relay
    idempotency: Idempotency
