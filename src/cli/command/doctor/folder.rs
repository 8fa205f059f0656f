//! The data folder: who may read it, and whether it can be written.

use super::finding::Finding;
use crate::server::ADMIN_KEY_FILE;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The folder itself.
pub(super) fn data(folder: &Path) -> Finding {
    let name = folder.display();
    let metadata = match std::fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Finding::ok("data folder", format!("{name} does not exist yet; the server makes it"));
        }
        Err(error) => {
            return Finding::fail("data folder", format!("{name}: {error}"), "run it as the user of the server");
        }
        Ok(metadata) => metadata,
    };
    if !metadata.is_dir() {
        return Finding::fail("data folder", format!("{name} is not a folder"), "choose another with store.path");
    }
    if rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_err() {
        let owner = metadata.uid();
        let advice = format!("run it as the user with id {owner}, or give the folder to the server's user");
        return Finding::fail("data folder", format!("{name} cannot be written by this user"), advice);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let found = format!("{name} is open to others (mode {mode:03o}); it holds prompts and answers");
        return Finding::warn("data folder", found, format!("chmod 700 {name}"));
    }
    Finding::ok("data folder", format!("{name}"))
}

/// The local admin key.
pub(super) fn admin_key(folder: &Path) -> Finding {
    let path = folder.join(ADMIN_KEY_FILE);
    let name = path.display();
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::ok("admin key", "none yet; the server makes it at its start")
        }
        Err(error) => Finding::fail("admin key", format!("{name}: {error}"), "run it as the user of the server"),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Finding::fail(
            "admin key",
            format!("{name} can be read by others"),
            format!("chmod 600 {name}; if it may have been read, delete it and restart the server"),
        ),
        Ok(_) => Finding::ok("admin key", format!("{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::doctor::finding::Level;
    use std::fs::Permissions;

    fn level_of(mode: u32, check: fn(&Path) -> Finding) -> Level {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(ADMIN_KEY_FILE), "fl_x").expect("written");
        std::fs::set_permissions(folder.path().join(ADMIN_KEY_FILE), Permissions::from_mode(mode)).expect("set");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(mode | 0o100)).expect("set");
        check(folder.path()).level
    }

    #[test]
    fn what_others_may_read_is_noticed() {
        assert_eq!([0o600, 0o640, 0o644].map(|mode| level_of(mode, admin_key)), [Level::Ok, Level::Fail, Level::Fail]);
        assert_eq!([0o600, 0o650, 0o605].map(|mode| level_of(mode, data)), [Level::Ok, Level::Warn, Level::Warn]);
    }

    #[test]
    fn a_file_is_no_data_folder_and_a_missing_one_is_fine() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert_eq!(data(&file).level, Level::Fail);
        assert_eq!(data(&folder.path().join("none")).level, Level::Ok);
        assert_eq!(admin_key(&folder.path().join("none")).level, Level::Ok);
    }
}
