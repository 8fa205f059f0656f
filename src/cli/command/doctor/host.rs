//! What the machine gives: disk, file limit, clock, port.

use super::finding::Finding;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Below this the store cannot grow for long.
const LITTLE_SPACE: u64 = 1 << 30;
/// Below this a commit may fail at any moment.
const NO_SPACE: u64 = 64 << 20;
/// Open files below which a busy gateway runs out of sockets.
const FEW_FILES: u64 = 4_096;
/// 2026-01-01: a clock before it is wrong, and certificates are not valid by it.
const OLDEST: Duration = Duration::from_secs(1_767_225_600);

/// The free space where the data folder is, or will be.
pub(super) fn disk(folder: &Path) -> Finding {
    let exists = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let stat = match rustix::fs::statvfs(exists) {
        Ok(stat) => stat,
        Err(error) => return Finding::warn("disk", format!("cannot be measured: {error}"), "look with df"),
    };
    judge_space(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn judge_space(free: u64) -> Finding {
    let found = format!("{} MiB free for the data folder", free >> 20);
    match free {
        0..NO_SPACE => Finding::fail("disk", found, "make room: a store that cannot write refuses requests"),
        NO_SPACE..LITTLE_SPACE => Finding::warn("disk", found, "make room, or shorten retention.bodies"),
        _ => Finding::ok("disk", found),
    }
}

/// How many files and sockets this user's processes may open.
pub(super) fn open_files() -> Finding {
    judge_files(rustix::process::getrlimit(rustix::process::Resource::Nofile).current)
}

fn judge_files(limit: Option<u64>) -> Finding {
    match limit {
        Some(limit @ 0..FEW_FILES) => Finding::warn(
            "file limit",
            format!("{limit} open files: about {} requests at once", limit / 2),
            "raise it: `ulimit -n 65536`, or LimitNOFILE=65536 in the unit",
        ),
        Some(limit) => Finding::ok("file limit", format!("{limit} open files")),
        None => Finding::ok("file limit", "none"),
    }
}

/// Whether the clock can be right. `last_write` is when the store was last written.
pub(super) fn clock(now: SystemTime, last_write: Option<SystemTime>) -> Finding {
    let advice = "set the clock (timedatectl): decisions are dated by it, and TLS needs it";
    if now < SystemTime::UNIX_EPOCH + OLDEST {
        return Finding::fail("clock", "stands before 2026", advice);
    }
    match last_write.and_then(|last| last.duration_since(now).ok()) {
        Some(ahead) if ahead > Duration::from_secs(60) => {
            Finding::warn("clock", format!("the store was written {} s in the future", ahead.as_secs()), advice)
        }
        _ => Finding::ok("clock", format!("{}", crate::base::Timestamp::from(now))),
    }
}

/// Whether a server could listen there.
pub(super) fn port(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::fail(
            "port",
            format!("{address} is taken by another program, or by a floopy that --url does not name"),
            "stop it, or choose another with server.listen or --listen",
        ),
        Err(error) => Finding::fail("port", format!("{address} cannot be opened: {error}"), "choose another address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::doctor::finding::Level;

    #[test]
    fn each_measure_has_its_bounds() {
        let space = [0, NO_SPACE - 1, NO_SPACE, LITTLE_SPACE - 1, LITTLE_SPACE].map(|free| judge_space(free).level);
        assert_eq!(space, [Level::Fail, Level::Fail, Level::Warn, Level::Warn, Level::Ok]);
        let files = [Some(1_024), Some(FEW_FILES), None].map(|limit| judge_files(limit).level);
        assert_eq!(files, [Level::Warn, Level::Ok, Level::Ok]);
    }

    #[test]
    fn a_clock_behind_the_store_is_noticed() {
        let now = SystemTime::UNIX_EPOCH + OLDEST + Duration::from_secs(1_000);
        assert_eq!(clock(SystemTime::UNIX_EPOCH, None).level, Level::Fail);
        assert_eq!(clock(now, None).level, Level::Ok);
        assert_eq!(clock(now, Some(now + Duration::from_secs(59))).level, Level::Ok);
        assert_eq!(clock(now, Some(now + Duration::from_secs(3_600))).level, Level::Warn);
    }

    #[test]
    fn a_taken_port_is_a_failure() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        assert_eq!(port(address).level, Level::Fail);
        drop(taken);
        assert_eq!(port(address).level, Level::Ok);
    }
}
