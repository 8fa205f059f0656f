//! Where the configuration comes from: a file, the environment, flags. All are given, so that a reload and a
//! test see the same thing as the process did.

use super::error::{ConfigErrors, Origin, Problem};
use super::source;
use crate::base::limits;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Environment variables. `Debug` shows names only: values may be secrets.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The environment of this process. Names that are no UTF-8 mean nothing to us and are left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// The value of a variable; `None` where it is absent, empty or no UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// Whether a variable is set and not empty.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Every variable.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A setting that a flag of the command line makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag, such as `--listen`.
    pub name: &'static str,
    /// The key that it sets, such as `server.listen`.
    pub key: &'static str,
    /// The value as text.
    pub value: String,
}

/// Everything that a configuration is made from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that `--config` names; else `FLOOPY_CONFIG`, `floopy.toml` and
    /// `$XDG_CONFIG_HOME/floopy/config.toml` are tried.
    pub file: Option<PathBuf>,
    /// Flags; the last of one key wins.
    pub flags: Vec<Flag>,
    /// Environment variables.
    pub environment: Environment,
    /// Where `floopy.toml` is looked for; empty = the working folder.
    pub folder: PathBuf,
}

impl Sources {
    /// The file that `--config` names, if any, and the environment of this process.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self { file, environment: Environment::of_process(), ..Self::default() }
    }

    /// Adds a flag.
    #[must_use]
    pub fn flag(mut self, name: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        self.flags.push(Flag { name, key, value: value.into() });
        self
    }

    /// The file to read: the one that is named, else the first usual one that exists, else none.
    pub(super) fn find(&self) -> Option<PathBuf> {
        if let Some(path) = &self.file {
            return Some(path.clone());
        }
        if let Some(path) = self.environment.get("FLOOPY_CONFIG") {
            return Some(PathBuf::from(path));
        }
        let home = self.environment.get("HOME").map(|home| Path::new(home).join(".config"));
        let user = self.environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let user = user.or(home).map(|folder| folder.join("floopy").join("config.toml"));
        // `symlink_metadata`: a link to nowhere is a mistake to report, not a file that is absent.
        std::iter::once(self.folder.join("floopy.toml")).chain(user).find(|path| path.symlink_metadata().is_ok())
    }
}

/// The text of a configuration file.
pub(super) fn read(path: &Path) -> Result<String, ConfigErrors> {
    let shown = path.display().to_string();
    let fail = |(line, column), reason: String| {
        let origin = Origin::File { path: shown.clone(), line, column };
        ConfigErrors(vec![Problem { origin, key: String::new(), text: None, reason, nearest: None }])
    };
    let bytes = read_limited(path, limits::MAX_CONFIG_FILE).map_err(|reason| fail((0, 0), reason))?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fail((1, 1), "is UTF-16 text; save it as UTF-8".into()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let place = source::position(error.as_bytes(), error.utf8_error().valid_up_to());
        fail(place, "is not UTF-8 text".into())
    })
}

/// The bytes of a regular file of at most `limit` bytes; else why not.
pub(super) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let kind = std::fs::metadata(path).map_err(|error| reason(&error))?;
    if !kind.is_file() {
        return Err(String::from("is not a regular file"));
    }
    let file = std::fs::File::open(path).map_err(|error| reason(&error))?;
    let mut bytes = Vec::new();
    let length = file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if length as u64 > limit {
        return Err(format!("is longer than {limit} bytes"));
    }
    Ok(bytes)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".into(),
        std::io::ErrorKind::PermissionDenied => "may not be read by this user".into(),
        _ => format!("cannot be read: {error}"),
    }
}

/// What a set of files contained at one moment. Two that differ mean that a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

/// The fingerprint of these files, by content: renames, links and clocks do not matter. A file that cannot
/// be read counts as empty.
#[must_use]
pub fn fingerprint(files: &[PathBuf]) -> Fingerprint {
    let mut hash = Xxh3::new();
    for file in files {
        let bytes = read_limited(file, limits::MAX_CONFIG_FILE).unwrap_or_default();
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Fingerprint(hash.digest())
}
