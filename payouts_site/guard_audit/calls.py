"""What a piece of code can reach: a call graph over the product's syntax trees. Nothing is imported or run.

A function reaches what its body names: a call, a verb handed on, a table of verbs, a module that is passed around.
Imports are not reach: a module that imports a service of which an endpoint says nothing does not guard that endpoint.
`self` is the class that was asked about, so that a base class's handler reaches the verb that the subclass names.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from payouts_site.guard_audit.sources import ROOT, is_ours, parsed

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A member of a module's top level; an empty `name` is the module itself."""

    module: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True, slots=True)
class Node:
    """Code to walk through: a member, or an attribute of the class `member`, looked up as Python would.

    `above` is the class that said `super()`.
    """

    member: Symbol
    attribute: str = ""
    above: Symbol | None = None


@dataclass(frozen=True)
class Module:
    """One file: what it defines at its top level, and what its imports mean."""

    name: str
    tree: ast.Module

    @cached_property
    def members(self) -> Mapping[str, ast.AST]:
        """Functions, classes and the values of assignments, by name."""
        found: dict[str, ast.AST] = {}
        for node in self.tree.body:
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                found[node.name] = node
            else:
                found.update(_assigned(node))
        return found

    @cached_property
    def imports(self) -> Mapping[str, Symbol]:
        """Every name that an import of this file binds, wherever it stands."""
        found: dict[str, Symbol] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    found[alias.asname or whole] = Symbol(whole)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = Symbol(node.module, alias.name)
        return found


@dataclass(frozen=True, slots=True)
class Attribute:
    """A method, or a value that a class body assigns, and where it stands."""

    owner: Symbol
    module: Module
    name: str
    code: ast.AST


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value


@cache
def module_of_file(name: str) -> Module | None:
    """The product's module of that dotted name; None for any other."""
    path = ROOT / Path(*name.split("."))
    is_package = (path / "__init__.py").is_file()
    path = path / "__init__.py" if is_package else path.with_suffix(".py")
    if not is_ours(name) or not path.is_file():
        return None
    return Module(name, parsed(path))


@dataclass
class CallGraph:
    """Reach over the product's files; `planted` are further modules by name, for tests."""

    planted: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._planted = {name: Module(name, ast.parse(text)) for name, text in self.planted.items()}
        self._reach: dict[Node, frozenset[Symbol]] = {}
        self._steps: dict[Node, tuple[Node, ...]] = {}

    def reaches(self, code: str, *wanted: str) -> bool:
        """Can `code` (`module:function`, `module:Class` or `module:Class.attribute`) get to one of `wanted`?"""
        found = self.reach(code)
        return any(str(symbol) in wanted for symbol in found)

    def reach(self, code: str) -> frozenset[Symbol]:
        """Every member of the product's modules that `code` can get to, itself included."""
        module, _, qualname = code.partition(":")
        name, _, attribute = qualname.partition(".<locals>")[0].partition(".")
        start = Node(Symbol(module, name), attribute)
        if start not in self._reach:
            self._reach[start] = self._walk(start)
        return self._reach[start]

    def _walk(self, start: Node) -> frozenset[Symbol]:
        seen: set[Node] = set()
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                if node not in self._steps:
                    self._steps[node] = tuple(self._named_by(node))
                waiting.extend(self._steps[node])
        return frozenset(node.member for node in seen)

    def _module(self, name: str) -> Module | None:
        return self._planted.get(name) or module_of_file(name)

    def _named_by(self, node: Node) -> Iterator[Node]:
        """One step on from `node`."""
        module = self._module(node.member.module)
        if module is None:
            return
        if not node.member.name:
            yield from (Node(Symbol(module.name, name)) for name in module.members)
            return
        code = module.members.get(node.member.name)
        if node.attribute:
            yield from self._attribute(node)
        elif isinstance(code, ast.ClassDef):
            names = {one.name for one in self._attributes(node.member)}
            yield from (Node(node.member, name) for name in names)
        elif code is not None:
            yield from self._names_in(module, code)

    def _attribute(self, node: Node) -> Iterator[Node]:
        """The first class that has it, from `node.member` or from above the one that said `super()`."""
        found = [one for one in self._attributes(node.member) if one.name == node.attribute]
        if node.above:
            owners = [one.owner for one in found]
            found = found[owners.index(node.above) + 1 :] if node.above in owners else found
        for one in found[:1]:
            yield from self._names_in(one.module, one.code, node.member, one.owner)

    def _attributes(self, cls: Symbol) -> Iterator[Attribute]:
        """A class's methods and class attributes, then its bases', overridden ones too."""
        module = self._module(cls.module)
        code = module.members.get(cls.name) if module else None
        if module is None or not isinstance(code, ast.ClassDef):
            return
        for part in code.body:
            pairs = [(part.name, part)] if isinstance(part, _FUNCTIONS) else list(_assigned(part))
            yield from (Attribute(cls, module, name, one) for name, one in pairs)
        for base in code.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            for node in self._resolve(module, expression):
                yield from self._attributes(node.member)

    def _names_in(
        self,
        module: Module,
        code: ast.AST,
        cls: Symbol | None = None,
        owner: Symbol | None = None,
    ) -> Iterator[Node]:
        """What the text of `code` names; annotations name nothing. `cls` is what `self` is, `owner` its class here."""
        waiting: list[ast.AST] = [code]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Name | ast.Attribute):
                yield from self._resolve(module, node, cls, owner)
                # Of `service.verb` only the verb is named, not the whole module.
                while isinstance(node, ast.Attribute):
                    node = node.value
                waiting += ast.iter_child_nodes(node)
            elif isinstance(node, _FUNCTIONS):
                waiting += [*node.body, *node.decorator_list]
                waiting += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            elif isinstance(node, ast.AnnAssign):
                waiting += [part for part in (node.target, node.value) if part]
            else:
                waiting += ast.iter_child_nodes(node)

    def _resolve(
        self,
        module: Module,
        expression: ast.expr,
        cls: Symbol | None = None,
        owner: Symbol | None = None,
    ) -> Iterator[Node]:
        """The member that a dotted expression means, if it is one of the product's."""
        chain: list[str] = []
        while isinstance(expression, ast.Attribute):
            chain.insert(0, expression.attr)
            expression = expression.value
        if _is_super(expression) and chain and cls:
            yield Node(cls, chain[0], owner)
        if not isinstance(expression, ast.Name):
            return
        if expression.id in ("self", "cls") and chain and cls:
            yield Node(cls, chain[0])
            return
        symbol = self._meant(module, expression.id)
        while symbol and not symbol.name and chain:
            symbol = self._chased(Symbol(symbol.module, chain.pop(0)))
        if symbol is not None:
            names = {one.name for one in self._attributes(symbol)} if chain else set()
            yield Node(symbol, chain[0] if chain and chain[0] in names else "")

    def _meant(self, module: Module, name: str) -> Symbol | None:
        """What a bare name means in that file; None for a local or a builtin."""
        if name in module.members:
            return Symbol(module.name, name)
        return self._chased(module.imports[name]) if name in module.imports else None

    def _chased(self, symbol: Symbol) -> Symbol | None:
        """Where an import really leads: through re-exports, and to modules of packages."""
        for _ in range(10):
            if self._module(str(symbol)) is not None:
                return Symbol(str(symbol))
            module = self._module(symbol.module)
            if module is None:
                # A package above all of ours, or somebody else's.
                return Symbol(str(symbol)) if not symbol.name and is_ours(symbol.module) else None
            if symbol.name in module.members:
                return symbol
            if symbol.name not in module.imports:
                return None
            symbol = module.imports[symbol.name]
        return None


def _is_super(expression: ast.expr) -> bool:
    return (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Name)
        and expression.func.id == "super"
    )
