"""The page for people."""

from gateway.module import module
from gateway.modules.web.controller import WebController
from gateway.modules.web.files import WebFiles


@module(controllers=[WebController])
class WebModule:
    web_files: WebFiles
