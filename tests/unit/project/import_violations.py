"""Imports and modules that break an import-linter contract, derived from the contract's own options."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from grimp import ImportGraph
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract

Options = Mapping[str, Any]
CONTRACT_TYPES: Mapping[str, type[Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
UNLISTED = "planted_module"


@dataclass(frozen=True)
class Violation:
    """An import to add to a graph; without `imported`, a module that no layer lists."""

    importer: str
    imported: str = ""

    def plant(self, graph: ImportGraph) -> None:
        if not self.imported:
            graph.add_module(self.importer)
            return
        if self.imported not in graph.modules:
            graph.add_module(self.imported, is_squashed=True)
        graph.add_import(importer=self.importer, imported=self.imported)


def is_kept(options: Options, session: Options, graph: ImportGraph) -> bool:
    """The verdict of import-linter; may modify `graph`."""
    contract = CONTRACT_TYPES[options["type"]](options["name"], dict(session), dict(options))
    return contract.check(graph, verbose=False).kept


def violations(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    """At least one for each rule that the contract states; KeyError for a type of contract not known here."""
    return PLANTERS[options["type"]](options, graph)


def _layers(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    """Each layer imports the one above, independent siblings import each other, and a module is unlisted."""
    for container in options.get("containers", [""]):
        prefix = f"{container}." if container else ""
        layers = [_members(layer, prefix, graph) for layer in options["layers"]]
        present = [layer for layer in layers if layer]
        for above, below in pairwise(present):
            yield Violation(below[0], above[0])
        for text, layer in zip(options["layers"], layers, strict=True):
            if "|" in text:
                yield from (Violation(one, other) for one, other in pairwise(layer))
        if options.get("exhaustive") == "True":
            yield Violation(f"{prefix}{UNLISTED}")


def _members(layer: str, prefix: str, graph: ImportGraph) -> list[str]:
    """Modules of one layer, such as `a | (b)`, that exist."""
    names = (part.strip(" ()") for part in layer.replace(":", "|").split("|"))
    return [f"{prefix}{name}" for name in names if f"{prefix}{name}" in graph.modules]


def _forbidden(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    """Each source imports a forbidden module, and each forbidden module is imported."""
    sources, forbidden = (_matching(options[key], graph) for key in ("source_modules", "forbidden_modules"))
    yield from (Violation(source, forbidden[0]) for source in sources if source != forbidden[0])
    yield from (Violation(sources[0], each) for each in forbidden[1:])


def _independence(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    yield from (Violation(one, other) for one, other in pairwise(_matching(options["modules"], graph)))


def _protected(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    """A top-level package that is not allowed to imports each protected module."""
    allowed = {*options["allowed_importers"], *options["protected_modules"]}
    stranger = next(each for each in sorted(graph.modules) if not any(each.startswith(a) for a in allowed))
    yield from (Violation(stranger, each) for each in _matching(options["protected_modules"], graph))


def _acyclic_siblings(options: Options, graph: ImportGraph) -> Iterator[Violation]:
    """Closes a cycle between two children that import one another already in one direction."""
    for ancestor in _matching(options["ancestors"], graph):
        children = sorted(graph.find_children(ancestor))
        for one in children:
            for other in children:
                if one != other and graph.chain_exists(importer=one, imported=other, as_packages=True):
                    yield Violation(other, one)
                    break
            else:
                continue
            break


def _matching(expressions: list[str], graph: ImportGraph) -> list[str]:
    """Names as they stand; wildcards are replaced by the modules that they match."""
    found = [sorted(graph.find_matching_modules(each)) if "*" in each else [each] for each in expressions]
    return [name for names in found for name in names]


PLANTERS: Mapping[str, Callable[[Options, ImportGraph], Iterator[Violation]]] = {
    "acyclic_siblings": _acyclic_siblings,
    "forbidden": _forbidden,
    "independence": _independence,
    "layers": _layers,
    "protected": _protected,
}
