//! The embedded rows, indexed when one is first asked for. `scripts/make-benchmarks` writes and explains them.

use crate::base::TaskKind;
use std::collections::HashMap;
use std::sync::LazyLock;

const ASSET: &str = include_str!("../../../assets/benchmarks.tsv");

/// Everything after the name of a line: a count, then mean and error for each kind of task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row(&'static str);

impl Row {
    /// Benchmarks of a model; models of a family or a price band.
    pub(super) fn count(self) -> u32 {
        self.0.split('\t').next().and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// Mean and standard error.
    pub(super) fn on(self, kind: TaskKind) -> Option<(f64, f64)> {
        let place = TaskKind::ALL.iter().position(|other| *other == kind)?;
        let (mean, error) = self.0.split('\t').nth(1 + place)?.split_once(':')?;
        let thousandths = |text: &str| Some(f64::from(text.parse::<u16>().ok()?) / 1000.0);
        Some((thousandths(mean)?, thousandths(error)?))
    }

    fn aliases(self) -> impl Iterator<Item = &'static str> {
        self.0.split('\t').nth(1 + TaskKind::ALL.len()).unwrap_or("").split_terminator(';')
    }
}

/// The three sections.
#[derive(Debug, Default)]
pub(super) struct Asset {
    pub(super) models: HashMap<&'static str, Row>,
    pub(super) families: HashMap<&'static str, Row>,
    /// The highest price of a band, ascending.
    pub(super) prices: Vec<(u64, Row)>,
}

impl Asset {
    /// The row of a model, by its short name or one of its aliases.
    pub(super) fn model(&self, name: &str) -> Option<Row> {
        self.models.get(name).copied()
    }

    /// The row of the models whose names begin so.
    pub(super) fn family(&self, beginning: &str) -> Option<Row> {
        self.families.get(beginning).copied()
    }

    /// The row of the models that cost about this much.
    pub(super) fn price_band(&self, price: u64) -> Option<Row> {
        self.prices.iter().find(|(highest, _)| price <= *highest).map(|(_, row)| *row)
    }
}

/// The rows of the binary.
pub(super) fn get() -> &'static Asset {
    static ROWS: LazyLock<Asset> = LazyLock::new(read);
    &ROWS
}

fn read() -> Asset {
    let (mut asset, mut section) = (Asset::default(), "");
    for line in ASSET.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('@') {
            section = name;
            continue;
        }
        let Some((name, rest)) = line.split_once('\t') else { continue };
        let row = Row(rest);
        match section {
            "models" => {
                asset.models.extend(row.aliases().map(|alias| (alias, row)));
                asset.models.insert(name, row);
            }
            "families" => drop(asset.families.insert(name, row)),
            _ => asset.prices.extend(name.parse().ok().map(|highest| (highest, row))),
        }
    }
    asset
}
