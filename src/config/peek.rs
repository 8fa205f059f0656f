//! One setting, read without judging the others: commands that call a running server need its data folder
//! even where this shell lacks the secrets that the server was started with.

use super::sources::{self, Sources};
use std::path::PathBuf;

/// The data folder that a server with these sources uses. What cannot be read counts as not set.
#[must_use]
pub fn data_folder(from: &Sources) -> PathBuf {
    let flag = from.flags.iter().rev().find(|flag| flag.key == "store.path").map(|flag| flag.value.clone());
    let variable = || from.environment.get("FLOOPY_STORE__PATH").map(str::to_owned);
    let file = || {
        let text = sources::read(&from.find()?).ok()?;
        let file: toml::Table = text.parse().ok()?;
        Some(file.get("store")?.get("path")?.as_str()?.to_owned())
    };
    flag.or_else(variable).or_else(file).map_or_else(|| PathBuf::from("./floopy-data"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn later_layers_win_and_mistakes_elsewhere_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let mut from = Sources { folder: folder.path().into(), ..Sources::default() };
        assert_eq!(data_folder(&from), PathBuf::from("./floopy-data"));
        std::fs::write(folder.path().join("floopy.toml"), "[store]\npath = \"/a\"\n[nonsense]\nx = 1\n").unwrap();
        assert_eq!(data_folder(&from), PathBuf::from("/a"));
        from.environment = Environment::from_iter([("FLOOPY_STORE__PATH", "/b")]);
        assert_eq!(data_folder(&from), PathBuf::from("/b"));
        assert_eq!(data_folder(&from.flag("--data", "store.path", "/c")), PathBuf::from("/c"));
    }
}
