"""Puts what is not Python into the package: the module that `make build` made, and the shipped rules."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataHook(BuildHookInterface):
    """Takes the data from the repository, or from the source distribution where that is what is built from."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        inside = Path(self.root, "src/oxpecker/data")
        if inside.is_dir():
            return
        repository = Path(self.root).parents[1]
        module = repository / "target/oxpecker.wasm"
        if not module.is_file():
            raise FileNotFoundError(f"{module} is missing: run `make build` in the repository first")
        into = "src/oxpecker/data" if self.target_name == "sdist" else "oxpecker/data"
        include = build_data["force_include"]
        include[str(module)] = f"{into}/oxpecker.wasm"
        include[str(repository / "LICENSE")] = f"{into}/LICENSE"
        for rules in sorted((repository / "rules").rglob("*.yaml")):
            include[str(rules)] = f"{into}/{rules.relative_to(repository).as_posix()}"
