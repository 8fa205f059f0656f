"""What `providers.toml` says."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).parent / "providers.toml"


@dataclass(frozen=True)
class Cell:
    """What comes of one capability at one provider."""

    refuses: str | None = None
    drops: str | None = None
    fetches: bool = False

    @property
    def works(self) -> bool:
        return not self.refuses and not self.drops


@dataclass(frozen=True)
class Capability:
    title: str
    tests: list[str]


@dataclass(frozen=True)
class Provider:
    """One column of the matrix; `id` is its name in the harness's configuration."""

    id: str
    kind: str
    name: str
    models: dict[str, str]
    cells: dict[str, Cell] = field(hash=False)

    def model(self, capability: str = "default") -> str:
        return f"{self.id}/{self.models.get(capability, self.models['default'])}"

    def strict(self, capability: str = "default") -> str:
        """The same model where what would be dropped is refused."""
        return self.model(capability).replace(self.id, f"{self.id}-strict", 1)

    def cell(self, capability: str) -> Cell:
        return self.cells.get(capability, Cell())


def _read() -> tuple[dict[str, Capability], list[Provider]]:
    read = tomllib.loads(FILE.read_text())
    capabilities = {key: Capability(**value) for key, value in read["capability"].items()}
    providers = []
    for kind, row in read["provider"].items():
        name, models, also = row.pop("name"), row.pop("models"), row.pop("also", [])
        unknown = set(row) - set(capabilities)
        assert not unknown, f"{kind}: there is no capability {unknown}"
        cells = {key: Cell(**value) for key, value in row.items()}
        providers += [Provider(one, kind, name, models, cells) for one in [kind, *also]]
    return capabilities, providers


CAPABILITIES, PLAYED = _read()
