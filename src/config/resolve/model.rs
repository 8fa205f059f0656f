//! `[[model]]` entries over the catalogue.

use super::{Known, find, reference};
use crate::base::{ModelInfo, ModelRef, Prices};
use crate::config::raw::{RawModel, RawPrices};
use crate::config::report::{Complaint, Field, Report};
use std::collections::BTreeMap;

/// Adds the entries to the catalogue. What an entry does not say stays as the catalogue has it; an entry that
/// sets a price and no `long_context` takes the built-in prices of long prompts away, since they no longer
/// belong to it.
pub(super) fn resolve(entries: &[RawModel], known: &mut Known, report: &mut Report) {
    let mut seen: BTreeMap<&str, &Field<String>> = BTreeMap::new();
    for raw in entries {
        let Some(id) = &raw.id else { continue };
        if seen.insert(id.value.as_str(), id).is_some() {
            report.refuse(id, Complaint::new("is described twice"));
            continue;
        }
        let Some(model) = provider_of(id, known, report) else { continue };
        let before = known.catalogue.get(&model).filter(|info| info.id == model);
        let mut info = before.map_or_else(|| ModelInfo::unknown(model), |info| ModelInfo::clone(info));
        if let Some(base) = &raw.base_model
            && let Some(base) = reference(base, known, report)
        {
            info = based(info, base, known);
        }
        lay(raw, &mut info, report);
        known.catalogue.insert(info);
    }
}

/// A deployment of another model: what is known of that one holds for it.
fn based(info: ModelInfo, base: ModelRef, known: &Known) -> ModelInfo {
    let of_base = known.catalogue.get(&base).map(|info| ModelInfo::clone(info));
    ModelInfo { id: info.id, base: Some(base.clone()), ..of_base.unwrap_or_else(|| ModelInfo::unknown(base)) }
}

/// The model of an entry: its provider must be configured, the model itself may be new.
fn provider_of(id: &Field<String>, known: &Known, report: &mut Report) -> Option<ModelRef> {
    let model = ModelRef::parse(&id.value);
    if let Some(model) = model.filter(|model| known.providers.contains_key(&model.provider)) {
        return Some(model);
    }
    match find(&id.value, known) {
        Ok(model) => model,
        Err(complaint) => {
            report.refuse(id, complaint);
            None
        }
    }
}

fn lay(raw: &RawModel, info: &mut ModelInfo, report: &mut Report) {
    info.mode = raw.mode.as_ref().map_or(info.mode, |mode| mode.value);
    info.max_input_tokens = raw.max_input_tokens.or(info.max_input_tokens);
    info.max_output_tokens = raw.max_output_tokens.or(info.max_output_tokens);
    info.prior_quality = raw.prior_quality.or(info.prior_quality);
    for field in &raw.capabilities {
        let (capability, yes) = field.value;
        info.capabilities.set(capability, yes);
    }
    let prices = over(&raw.prices, info.prices);
    if let Some(tiers) = &raw.long_context {
        info.long_context = tiers.iter().map(|(above, tier)| (above.value, over(tier, prices))).collect();
        info.long_context.sort_by_key(|(above, _)| *above);
        for (earlier, later) in tiers.iter().zip(tiers.iter().skip(1)) {
            if later.0.value <= earlier.0.value {
                report.refuse(&later.0, Complaint::new("is not above the tier before it"));
            }
        }
    } else if prices != info.prices {
        info.long_context.clear();
    }
    info.prices = prices;
}

fn over(raw: &RawPrices, base: Prices) -> Prices {
    Prices {
        input: raw.input.or(base.input),
        output: raw.output.or(base.output),
        cache_read: raw.cache_read.or(base.cache_read),
        cache_write: raw.cache_write.or(base.cache_write),
    }
}
