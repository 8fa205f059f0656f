//! How the providers do: what the routes say of their models, and what the latest decisions met.

use super::read::{UNKNOWN, items, millis, text};
use crate::base::human::grouped;
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, fit};
use crate::tui::theme::Tone;
use std::collections::BTreeMap;

/// One provider.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Provider {
    pub(crate) name: String,
    configured: bool,
    models: BTreeMap<String, Model>,
    served: u64,
    failed: u64,
    latencies: Vec<u64>,
}

/// One of its models on some route.
#[derive(Debug, Default, PartialEq)]
struct Model {
    circuit: String,
    first_byte_ms: Option<u64>,
    total_ms: Option<u64>,
    input_usd: Option<f64>,
    output_usd: Option<f64>,
}

impl Provider {
    /// A mark, its tone, and a word.
    pub(crate) fn state(&self) -> (&'static str, Tone, &'static str) {
        let any = |state: &str| self.models.values().any(|model| model.circuit == state);
        if !self.configured && !self.models.is_empty() {
            ("✗", Tone::Bad, "no key")
        } else if any("open") {
            ("✗", Tone::Bad, "left alone")
        } else if any("half_open") {
            ("◐", Tone::Warn, "on trial")
        } else if self.failed > 0 {
            ("●", Tone::Warn, "some fail")
        } else {
            ("●", Tone::Good, "well")
        }
    }

    /// The median latency of what it served of late.
    pub(crate) fn typical(&self) -> String {
        let mut all = self.latencies.clone();
        all.sort_unstable();
        millis(all.get(all.len() / 2).copied())
    }
}

/// All providers that a route names or a recent decision met, by name.
pub(crate) fn collect(app: &App) -> Vec<Provider> {
    let mut all: BTreeMap<String, Provider> = BTreeMap::new();
    for arm in app.routes.items().iter().flat_map(|route| items(route, "/arms")) {
        let provider = all.entry(text(arm, "/provider")).or_default();
        provider.configured |= arm["configured"] == true;
        let model = provider.models.entry(text(arm, "/model")).or_default();
        model.circuit = text(arm, "/circuit");
        model.first_byte_ms = arm["p50_first_byte_ms"].as_u64();
        model.total_ms = arm["p50_total_ms"].as_u64();
        model.input_usd = arm["input_usd_per_mtok"].as_f64();
        model.output_usd = arm["output_usd_per_mtok"].as_f64();
    }
    for row in app.rows.iter().take(500) {
        for failed in &row.failed_at {
            all.entry(failed.clone()).or_default().failed += 1;
        }
        if !row.provider.is_empty() && !row.is_failed() {
            let provider = all.entry(row.provider.clone()).or_default();
            provider.served += 1;
            provider.latencies.push(row.latency_ms);
        }
    }
    for (name, provider) in &mut all {
        provider.name.clone_from(name);
    }
    all.into_values().collect()
}

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Providers and their models");
    let (width, height) = (inside.width(), inside.height());
    let providers = collect(app);
    if providers.is_empty() {
        inside.wrapped(0, 0, &app.routes.absent(), Tone::Dim);
        return;
    }
    let mut y = 0;
    for provider in &providers {
        let (mark, tone, word) = provider.state();
        let x = inside.pieces(0, y, &[(mark, tone), (" ", Tone::Plain), (&provider.name, Tone::Bold)]);
        let x = inside.text(x + 2, y, word, tone);
        let of_late = format!(
            "of the last 500 requests: {} served, {} attempts failed, half within {}",
            grouped(provider.served),
            grouped(provider.failed),
            provider.typical()
        );
        inside.text(x + 2, y, &of_late, Tone::Dim);
        y += 1;
        for (name, model) in &provider.models {
            let circuit = match model.circuit.as_str() {
                "open" => ("left alone after failures", Tone::Bad),
                "half_open" => ("on trial after failures", Tone::Warn),
                _ => ("in use", Tone::Good),
            };
            inside.text(2, y, &fit(name, 30), Tone::Model(app.traffic.colour(name)));
            inside.text(34, y, circuit.0, circuit.1);
            let speed = format!("first byte {}, whole {}", millis(model.first_byte_ms), millis(model.total_ms));
            inside.text(62, y, &speed, Tone::Dim);
            let price = |usd: Option<f64>| usd.map_or_else(|| UNKNOWN.to_owned(), |usd| format!("${usd:.2}"));
            if width >= 130 {
                let prices =
                    format!("{} in, {} out for a million tokens", price(model.input_usd), price(model.output_usd));
                inside.right(width, y, &prices, Tone::Dim);
            }
            y += 1;
        }
        y += 1;
        if y >= height {
            break;
        }
    }
    let legend = "times are medians; a model is left alone after repeated failures and tried again by itself";
    inside.text(0, height.saturating_sub(1), legend, Tone::Dim);
}
