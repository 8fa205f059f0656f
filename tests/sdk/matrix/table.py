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
    silent: bool = False

    @property
    def works(self) -> bool:
        return not self.refuses and not self.drops


@dataclass(frozen=True)
class Capability:
    title: str
    tests: list[str]


@dataclass(frozen=True)
class Parameter:
    value: object
    beside: bool = False


@dataclass(frozen=True)
class Provider:
    """One column of the matrix; `id` is its name in the harness's configuration."""

    id: str
    kind: str
    name: str
    keys: list[str] = field(hash=False)
    address: str
    models: dict[str, str] = field(hash=False)
    cells: dict[str, Cell] = field(hash=False)
    leaves_out: list[str] = field(hash=False)
    notes: list[str] = field(hash=False)

    def model(self, capability: str = "default") -> str:
        return f"{self.id}/{self.models.get(capability, self.models['default'])}"

    def strict(self, capability: str = "default") -> str:
        """The same model where what would be dropped is refused."""
        return self.model(capability).replace(self.id, f"{self.id}-strict", 1)

    def cell(self, capability: str) -> Cell:
        return self.cells.get(capability, Cell())


def _read() -> tuple[dict[str, Capability], dict[str, Parameter], list[Provider]]:
    read = tomllib.loads(FILE.read_text())
    capabilities = {key: Capability(**value) for key, value in read["capability"].items()}
    parameters = {key: Parameter(**value) for key, value in read["parameter"].items()}
    providers = []
    for kind, row in read["provider"].items():
        also = row.pop("also", [])
        own = {key: row.pop(key) for key in ("name", "keys", "address", "models")}
        leaves_out, notes = row.pop("leaves_out", []), row.pop("notes", [])
        unknown = set(row) - set(capabilities)
        assert not unknown, f"{kind}: there is no capability {unknown}"
        assert set(leaves_out) <= set(parameters), f"{kind}: there is no parameter {set(leaves_out) - set(parameters)}"
        cells = {key: Cell(**value) for key, value in row.items()}
        providers += [Provider(one, kind, cells=cells, leaves_out=leaves_out, notes=notes, **own) for one in [kind, *also]]
    return capabilities, parameters, providers


CAPABILITIES, PARAMETERS, PLAYED = _read()
