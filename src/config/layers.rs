//! The layers over the file: `FLOOPY_<SECTION>__<KEY>` variables, then flags.

use super::nearest::nearest;
use super::report::{Complaint, Report};
use super::sources::Sources;
use super::tree::{Node, Place, Table, Value};
use crate::wire::quirks;

const PREFIX: &str = "FLOOPY_";

/// Variables that the command line reads for itself.
const RESERVED: &[&str] = &["FLOOPY_CONFIG", "FLOOPY_URL", "FLOOPY_API_KEY"];

/// Variables without `__`.
const SHORT: &[(&str, &str)] = &[("FLOOPY_PASSTHROUGH", "passthrough")];

/// Lays environment and flags over the file. A variable that is empty counts as absent.
pub(super) fn lay(sources: &Sources, file: &mut Table, report: &mut Report) {
    for (name, value) in sources.environment.iter() {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if RESERVED.contains(&name) || value.is_empty() {
            continue;
        }
        let place = Place::Environment(name.to_owned());
        let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, key)| vec![(*key).to_owned()]);
        let Some(path) = short.or_else(|| path(rest, file)) else { continue };
        match value.to_str() {
            Some(text) => file.set(&path, Node { value: Value::Loose(text.to_owned()), place }),
            None => report.problem(&place, &path.join("."), Complaint::new("is not UTF-8 text")),
        }
    }
    for flag in &sources.flags {
        let path: Vec<String> = flag.key.split('.').map(str::to_owned).collect();
        let place = Place::Flag(flag.name);
        file.set(&path, Node { value: Value::Loose(flag.value.clone()), place });
    }
}

/// Warns of variables that look like ours and mean nothing. Those that Kubernetes makes for a service of
/// our name (`FLOOPY_SERVICE_HOST`, `FLOOPY_PORT_7676_TCP`) are left alone.
pub(super) fn warn_of_strays(sources: &Sources, report: &mut Report) {
    let known: Vec<String> = report.known.iter().map(|key| variable(key)).collect();
    for (name, _) in sources.environment.iter() {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let foreign = ["SERVICE_", "PORT"].iter().any(|start| rest.starts_with(start));
        if rest.contains("__") || foreign || RESERVED.contains(&name) || SHORT.iter().any(|(short, _)| *short == name) {
            continue;
        }
        let known = known.iter().map(String::as_str).chain(SHORT.iter().map(|(short, _)| *short));
        let reason = match nearest(name, known.chain(RESERVED.iter().copied())) {
            Some(near) => format!("means nothing; did you mean {near}?"),
            None => String::from("means nothing; settings are written FLOOPY_<SECTION>__<KEY>"),
        };
        report.warn(&Place::Environment(name.to_owned()), "", reason);
    }
}

/// The path that a variable names: `SERVER__LISTEN` is `server.listen`. The second part after `PROVIDER` is
/// a provider's name, in which `-` and `.` are written `_`.
fn path(rest: &str, file: &Table) -> Option<Vec<String>> {
    if !rest.contains("__") {
        return None;
    }
    let mut path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
    if let [section, name, ..] = path.as_mut_slice()
        && section == "provider"
    {
        let plain = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
        let providers = file.get("provider").and_then(|node| match &node.value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        let configured = providers.into_iter().flat_map(|table| &table.entries).map(|(key, _)| key.name.clone());
        if let Some(spelled) = configured.chain(quirks::kinds().map(str::to_owned)).find(|known| plain(known) == *name)
        {
            *name = spelled;
        }
    }
    Some(path)
}

/// The variable of a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace(['-'], "_").replace('.', "__"))
}

/// A variable with the part at this depth replaced.
pub(super) fn variable_with(name: &str, depth: usize, part: &str) -> String {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let parts = rest.split("__").enumerate();
    let parts: Vec<String> =
        parts.map(|(at, old)| if at == depth { part.to_uppercase() } else { old.to_owned() }).collect();
    format!("{PREFIX}{}", parts.join("__"))
}
