"""HTML pages for mailed links."""

from gateway.clients.json_service import JsonService
from gateway.module import module
from gateway.modules.pages.controller import PagesController
from gateway.modules.pages.decline import DeclineController
from gateway.modules.pages.page import Page


@module(controllers=[PagesController, DeclineController])
class PagesModule:
    notification: JsonService
    verify_page: Page
    reset_page: Page
