"""The OpenAPI document as one HTML page, which can be read without scripts. The script of the API reference,
where it has been built, adds a form to each call.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from gateway.openapi.reference_files import ReferenceFiles
from shared.settings import path_prefix

JsonObject = Mapping[str, Any]

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
# Where the API reference has not been built.
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: .875rem/1.4 ui-monospace, monospace }
pre { overflow: auto; padding: .75rem; border: 1px solid #8884; border-radius: .25rem }
details { border: 1px solid #8884; border-radius: .25rem; margin: .5rem 0; padding: .5rem .75rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.5rem; font-family: monospace }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid #8884 }
"""


class SchemaPage(OpenAPIRenderPlugin):
    """Served at the root of the schema router."""

    def __init__(self, public_url: str, files: ReferenceFiles | None) -> None:
        super().__init__(path="/")
        self._root, self._files = path_prefix(public_url), files

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return page(openapi_schema, self._root, self._files).encode()


def page_policy(files: ReferenceFiles | None) -> str:
    """The page's Content-Security-Policy. With the API reference it allows files of this server and nothing
    inline, as that of `/` does; without, the page's style sheet by hash and nothing else.
    """
    if files is not None:
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def page(document: JsonObject, root: str, files: ReferenceFiles | None) -> str:
    """`root` is the path of the gateway's `/` for clients, without the slash."""
    title = escape(document["info"]["title"])
    path = f"{root}/schema/openapi.json"
    tags = sorted({tag for _, _, operation in _operations(document) for tag in operation["tags"]})
    links = "".join(f'<li><a href="#{escape(tag)}">{escape(tag.capitalize())}</a></li>' for tag in tags)
    calls = "".join(_section(document, tag) for tag in tags)
    schemas = "".join(_schemas(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{_head(root, files)}</head><body>"
        f'<header><p><a href="{escape(root)}/">{title}</a></p></header>'
        f"<main><h1>{title} API {escape(document['info']['version'])}</h1>"
        f"<p>{escape(document['info'].get('description', ''))}</p>"
        f'<p>Machine-readable: <a href="{escape(path)}">{escape(path)}</a> (OpenAPI 3.1)</p>'
        f'<div id="tools"></div><nav aria-label="Sections"><ul>{links}'
        f'<li><a href="#schemas">Schemas</a></li></ul></nav>{calls}'
        f'<section id="schemas"><h2>Schemas</h2>{schemas}</section></main></body></html>'
    )


def _head(root: str, files: ReferenceFiles | None) -> str:
    if files is None:
        return f"<style>{STYLE}</style>"
    links = [("stylesheet", style) for style in files.styles]
    links += [("modulepreload", module) for module in files.modules]
    links += [("icon", files.icon)] if files.icon else []
    return (
        "".join(f'<link rel="{kind}" href="{escape(f"{root}/{path}")}">' for kind, path in links)
        + f'<script type="module" src="{escape(f"{root}/{files.script}")}"></script>'
    )


def _operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    """Method, path and description of each call, by path."""
    for path, item in sorted(document.get("paths", {}).items()):
        for method in METHODS:
            if operation := item.get(method):
                yield method, path, operation


def _section(document: JsonObject, tag: str) -> str:
    calls = "".join(_call(*each) for each in _operations(document) if tag in each[2]["tags"])
    return f'<section id="{escape(tag)}"><h2>{escape(tag.capitalize())}</h2>{calls}</section>'


def _call(method: str, path: str, operation: JsonObject) -> str:
    needs = "" if not operation.get("security") else " · access token"
    name = f"call-{operation['operationId']}"
    return (
        f'<details id="{escape(name)}" data-method="{method}" data-path="{escape(path)}">'
        f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f"<span>{escape(operation.get('summary', ''))}{needs}</span></summary>"
        f"{_parameters(operation)}{_body(operation)}{_answers(operation)}</details>"
    )


def _parameters(operation: JsonObject) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(entry['name'])}</code></td><td>{escape(entry['in'])}</td>"
        f"<td>{_type(entry.get('schema', {}))}</td><td>{escape(entry.get('description', ''))}</td></tr>"
        for entry in operation.get("parameters", [])
    )
    return f"<h3>Parameters</h3><table>{rows}</table>" if rows else ""


def _body(operation: JsonObject) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    rows = "".join(_media(media, entry) for media, entry in content.items())
    return f"<h3>Body</h3><table>{rows}</table>" if rows else ""


def _answers(operation: JsonObject) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(status)}</b></td><td>{escape(answer.get('description', ''))}"
        f"<table>{''.join(_media(media, entry) for media, entry in (answer.get('content') or {}).items())}"
        "</table></td></tr>"
        for status, answer in sorted(operation.get("responses", {}).items())
    )
    return f"<h3>Responses</h3><table>{rows}</table>"


def _media(media: str, entry: JsonObject) -> str:
    return f"<tr><td><code>{escape(media)}</code></td><td>{_type(entry.get('schema', {}))}</td></tr>"


def _schemas(document: JsonObject) -> Iterator[str]:
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        short = name.rpartition(".")[2]
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code></td><td>{_type(kind)}</td>"
            f"<td>{'required' if field in schema.get('required', []) else ''}</td>"
            f"<td>{escape(str(kind.get('description', '')))}</td></tr>"
            for field, kind in schema.get("properties", {}).items()
        )
        heading = f"<summary>{escape(short)}</summary>"
        yield f'<details id="{escape(name)}">{heading}<table>{rows}</table></details>'


def _type(schema: JsonObject) -> str:
    """A short HTML description of a schema, with links to named schemas."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f'<a href="#{escape(name)}">{escape(name.rpartition(".")[2])}</a>'
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return " | ".join(_type(option) for option in schema[choice])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "object" and "properties" in schema:
        fields = (
            f"<code>{escape(name)}</code>: {_type(kind)}" for name, kind in schema["properties"].items()
        )
        return "{ " + ", ".join(fields) + " }"
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    kind = schema.get("type", "any")
    words = kind if isinstance(kind, str) else " | ".join(kind)
    return escape(f"{words} ({schema['format']})" if "format" in schema else words)
