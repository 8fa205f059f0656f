//! Settings that are checked and kept, but that nothing reads yet: whoever sets one is told so.

use crate::config::raw::RawConfig;
use crate::config::report::Report;
use crate::config::settings::FirewallMode;
use crate::config::tree::Place;

pub(super) fn warn(raw: &RawConfig, report: &mut Report) {
    let mode = &raw.firewall.mode;
    if mode.place != Place::Default && mode.value != FirewallMode::Off {
        report.warn(
            &mode.place,
            &mode.key,
            "has no effect in this release: there is no firewall yet, nothing is blocked",
        );
    }
    let cache = &raw.cache_enabled;
    if cache.value {
        report.warn(&cache.place, &cache.key, "has no effect in this release: there is no cache yet");
    }
    let otlp = &raw.otlp_endpoint;
    if otlp.value.is_some() && !cfg!(feature = "otlp") {
        let reason = "has no effect in this build: build with --features otlp to send traces and metrics";
        report.warn(&otlp.place, &otlp.key, reason);
    }
}
