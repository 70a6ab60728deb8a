"""HTML pages for mailed links."""

from gateway.module import module
from gateway.modules.pages.controller import PagesController
from gateway.modules.pages.page import Page


@module(controllers=[PagesController])
class PagesModule:
    verify_page: Page
    reset_page: Page
