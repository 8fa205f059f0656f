//! Keeps the house in shape: the direction between rooms, the purity of the pure ones, the size of files.
//!
//! It reads the text of `src/`, so that a rule does not depend on memory. It uses the standard library alone and no
//! item of the crate, so that `rustc --test tests/layering.rs` builds it in a second, before anything else is built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Rooms from the ground up. A room may use those of lower steps; rooms on one step do not know each other.
const ORDER: &[&[&str]] = &[
    &["base"],
    &["resource"],
    &["telemetry"],
    &["embedding"],
    &["routing", "wire"],
    &["config", "replay"],
    &["store", "upstream"],
    &["learner"],
    &["gateway"],
    &["batch"],
    &["api"],
    &["server"],
    &["cli"],
];

/// Rooms outside the tower: what each may use, and who may use it.
const ASIDE: &[(&str, &[&str], &[&str])] = &[
    ("client", &["base", "resource"], &["cli"]),
    ("tui", &["base", "resource"], &["cli"]),
    ("ui", &["base", "resource"], &["server"]),
];

/// Rooms that are functions of their arguments: no I/O, no clock, no thread, no chance of their own.
const PURE: &[&str] = &["embedding", "replay", "routing", "tui", "ui", "wire"];

/// Names that a pure room never says, as sequences of tokens.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "an async runtime"),
    ("hyper", "an HTTP stack"),
    ("hyper_util", "an HTTP stack"),
    ("hyper_rustls", "an HTTP stack"),
    ("reqwest", "an HTTP stack"),
    ("rustls", "a TLS stack"),
    ("redb", "a database"),
    ("Instant", "a clock"),
    ("SystemTime", "a clock"),
    (":: now (", "a clock"),
    ("TcpStream", "a socket"),
    ("TcpListener", "a socket"),
    ("UdpSocket", "a socket"),
    ("UnixStream", "a socket"),
    ("UnixListener", "a socket"),
    ("std :: thread", "a thread"),
    ("thread :: spawn", "a thread"),
    ("thread :: sleep", "a thread"),
    ("thread_local", "a thread"),
    ("std :: fs", "the file system"),
    ("std :: env", "the environment"),
    ("std :: process", "a process"),
    ("getrandom", "a global random source"),
    ("thread_rng", "a global random source"),
    ("ThreadRng", "a global random source"),
    ("OsRng", "a global random source"),
    ("SysRng", "a global random source"),
    ("rand :: rng", "a global random source"),
    ("rand :: random", "a global random source"),
    ("RequestId :: random", "a global random source"),
    ("new_v4", "a global random source"),
];

/// Hosts that packages are downloaded from: which one is used is each machine's own affair, never the repository's.
/// Written in halves, so that this file does not break its own rule.
const DOWNLOAD_HOSTS: &[(&str, &str)] = &[
    ("registry.npm", "js.org"),
    ("registry.yarn", "pkg.com"),
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("static.cra", "tes.io"),
    ("index.cra", "tes.io"),
];

const LONGEST: usize = 800;
const MEDIAN: usize = 200;
const NINETIETH: usize = 450;

#[test]
fn rooms_depend_downwards_only() {
    let mut wrong = String::new();
    for file in rust_files() {
        let Some(room) = room_of(&file.path) else { continue };
        for (line, used) in uses(&file.tokens(), &room) {
            if let Some(reason) = refusal(&room, &used) {
                report(&mut wrong, &file.path, line, &reason);
            }
        }
    }
    assert!(wrong.is_empty(), "edges against the order of the rooms:\n{wrong}");
}

#[test]
fn every_room_has_its_place_in_the_order() {
    let mut rooms: Vec<String> =
        rust_files().iter().filter_map(|file| room_of(&file.path)).filter(|room| room != "main").collect();
    rooms.sort();
    rooms.dedup();
    let known: Vec<&str> = ORDER.iter().copied().flatten().copied().chain(ASIDE.iter().map(|room| room.0)).collect();
    for room in &rooms {
        assert!(known.contains(&room.as_str()), "src/{room} has no place in the order of tests/layering.rs");
    }
    for room in known {
        assert!(rooms.iter().any(|found| found == room), "tests/layering.rs names `{room}`, but src/{room} is gone");
    }
}

#[test]
fn pure_rooms_name_nothing_impure() {
    let mut wrong = String::new();
    for file in rust_files() {
        // Tests read fixtures.
        if room_of(&file.path).is_some_and(|room| PURE.contains(&room.as_str())) && !is_test_file(&file.path) {
            for (line, name, what) in impure(&file.tokens()) {
                report(&mut wrong, &file.path, line, &format!("`{name}` is {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "pure rooms receive time, chance and the world as arguments:\n{wrong}");
}

#[test]
fn nobody_reaches_over_the_parent() {
    let mut wrong = String::new();
    for file in rust_files() {
        for line in find(&file.tokens(), "super :: super") {
            report(&mut wrong, &file.path, line, "name the module from `crate::`");
        }
    }
    assert!(wrong.is_empty(), "`super::super`:\n{wrong}");
}

#[test]
fn files_stay_small() {
    let mut sizes: Vec<(usize, PathBuf)> = rust_files()
        .into_iter()
        .filter(|file| !is_test_file(&file.path))
        .map(|file| (file.text.lines().count(), file.path))
        .collect();
    sizes.sort();
    let at = |share: usize| sizes.get((sizes.len().saturating_sub(1)) * share / 100).map_or(0, |size| size.0);
    let (longest, path) = sizes.last().expect("src holds files");
    assert!(*longest <= LONGEST, "{} has {longest} lines; {LONGEST} is the limit: split it by subject", path.display());
    assert!(at(50) <= MEDIAN, "the median file has {} lines, the aim is {MEDIAN}", at(50));
    assert!(at(90) <= NINETIETH, "one file in ten has more than {} lines, the aim is {NINETIETH}", at(90));
}

#[test]
fn no_file_names_a_package_host() {
    let mut wrong = String::new();
    for path in files_below(&root(), &|_| true) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (head, tail) in DOWNLOAD_HOSTS {
                if line.contains(&format!("{head}{tail}")) {
                    report(&mut wrong, &path, number + 1, &format!("names the host {head}{tail}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "where packages come from is not recorded here:\n{wrong}");
}

// The checks themselves, on text made to break each rule.

#[test]
fn an_edge_is_seen_in_every_spelling() {
    let text = "use crate::store::Store;\n// use crate::api::X;\nuse crate::{\n    base::{self, Secret},\n    gateway::Gateway,\n};\n\
                fn f() -> crate::server::S { \"crate::cli::x\"; 'c'; r#\"crate::api\"# }\nuse super::upstream::U;\n";
    let rooms: Vec<(usize, String)> = uses(&tokens(text), "wire");
    let expected = [(1, "store"), (4, "base"), (5, "gateway"), (7, "server"), (8, "upstream")];
    assert_eq!(rooms, expected.map(|(line, room)| (line, room.to_owned())));
}

#[test]
fn the_order_refuses_upward_sideward_and_unknown_edges() {
    for (room, used) in [("base", "wire"), ("wire", "routing"), ("store", "upstream"), ("gateway", "client")] {
        assert!(refusal(room, used).is_some(), "{room} must not use {used}");
    }
    for (room, used) in [("client", "store"), ("wire", "nowhere"), ("server", "cli")] {
        assert!(refusal(room, used).is_some(), "{room} must not use {used}");
    }
    for (room, used) in
        [("wire", "base"), ("wire", "wire"), ("cli", "client"), ("client", "resource"), ("cli", "store")]
    {
        assert_eq!(refusal(room, used), None, "{room} may use {used}");
    }
}

#[test]
fn impurity_is_seen_in_code_and_not_in_prose() {
    let text = "/// tokio, Instant\nlet t = std::time::Instant::now();\nlet at = Timestamp::now();\nlet n = \"redb\";\nlet d: std::time::Duration;\n";
    let found: Vec<(usize, &str)> = impure(&tokens(text)).into_iter().map(|(line, name, _)| (line, name)).collect();
    assert_eq!(found, [(2, "Instant"), (2, ":: now ("), (3, ":: now (")]);
}

#[test]
fn lifetimes_and_nested_comments_do_not_confuse_the_reader() {
    let text = "fn f<'a>(x: &'a str) {} /* a /* b */ crate::cli */ let q = '\"'; use crate::base; let e = '\\''; tokio";
    assert_eq!(uses(&tokens(text), "wire"), [(1, "base".to_owned())]);
    assert_eq!(impure(&tokens(text)).len(), 1);
}

// How it is done.

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.text)
    }
}

type Token<'a> = (usize, &'a str);

fn root() -> PathBuf {
    option_env!("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

fn rust_files() -> Vec<Source> {
    let files = files_below(&root().join("src"), &|path| path.extension().is_some_and(|kind| kind == "rs"));
    assert!(files.len() > 10, "src/ was not found below {}", root().display());
    files
        .into_iter()
        .map(|path| Source { text: std::fs::read_to_string(&path).expect("a source file is UTF-8"), path })
        .collect()
}

fn files_below(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("the folder is readable").map(|entry| entry.expect("readable")).collect();
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = ["target", ".git", "node_modules", "__pycache__", ".pytest_cache", "floopy-data"];
        if entry.file_type().expect("a file has a type").is_dir() {
            if !skipped.iter().any(|skip| name == *skip) {
                files.extend(files_below(&path, wanted));
            }
        } else if wanted(&path) {
            files.push(path);
        }
    }
    files
}

/// The room that a file belongs to: the first name below `src`; none for `lib.rs`, the map.
fn room_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix(root().join("src")).ok()?;
    let room = Path::new(below.components().next()?.as_os_str()).file_stem()?.to_str()?.to_owned();
    (room != "lib").then_some(room)
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

fn report(list: &mut String, path: &Path, line: usize, reason: &str) {
    let path = path.strip_prefix(root()).unwrap_or(path);
    writeln!(list, "  {}:{line}: {reason}", path.display()).expect("a string takes text");
}

/// Why `room` may not use `used`.
fn refusal(room: &str, used: &str) -> Option<String> {
    if room == used {
        return None;
    }
    if let Some((_, may_use, _)) = ASIDE.iter().find(|aside| aside.0 == room) {
        return (!may_use.contains(&used)).then(|| format!("`{room}` uses {may_use:?} only, not `{used}`"));
    }
    if let Some((_, _, users)) = ASIDE.iter().find(|aside| aside.0 == used) {
        return (!users.contains(&room)).then(|| format!("`{used}` is for {users:?} only, not for `{room}`"));
    }
    let step = |name: &str| ORDER.iter().position(|rooms| rooms.contains(&name));
    match (step(room), step(used)) {
        (Some(own), Some(other)) if other < own => None,
        // `main.rs` may use what it starts.
        (None, Some(_)) if room == "main" => None,
        (_, None) => Some(format!("`crate::{used}` is no room of the order")),
        _ => Some(format!("`{room}` uses `{used}`, which stands above or beside it")),
    }
}

/// Rooms that the code names, with the line: after `crate::`, in a `crate::{…}` group, and after `super::` where the
/// name is a room other than the file's own.
fn uses(tokens: &[Token<'_>], room: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.1);
    for (at, &(_, token)) in tokens.iter().enumerate() {
        if text(at + 1) != "::" {
            continue;
        }
        let Some(&(line, next)) = tokens.get(at + 2) else { continue };
        let is_room = ORDER.iter().copied().flatten().any(|known| *known == next);
        if token == "super" && is_room && next != room && text(at.wrapping_sub(1)) != "::" {
            found.push((line, next.to_owned()));
        }
        if token != "crate" {
            continue;
        }
        if next != "{" {
            found.push((line, next.to_owned()));
            continue;
        }
        let mut depth = 0_usize;
        for place in at + 2..tokens.len() {
            match text(place) {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if let Some(&(line, name)) = tokens.get(place + 1)
                && depth == 1
                && matches!(text(place), "{" | ",")
                && name != "}"
            {
                found.push((line, name.to_owned()));
            }
        }
    }
    found
}

fn impure(tokens: &[Token<'_>]) -> Vec<(usize, &'static str, &'static str)> {
    let mut found: Vec<_> = IMPURE
        .iter()
        .flat_map(|&(name, what)| find(tokens, name).into_iter().map(move |line| (line, name, what)))
        .collect();
    found.sort_by_key(|found| found.0);
    found
}

/// Lines on which this sequence of tokens begins.
fn find(tokens: &[Token<'_>], sequence: &str) -> Vec<usize> {
    let wanted: Vec<&str> = sequence.split(' ').collect();
    tokens
        .windows(wanted.len())
        .filter(|window| window.iter().map(|token| token.1).eq(wanted.iter().copied()))
        .filter_map(|window| window.first().map(|token| token.0))
        .collect()
}

/// Identifiers, `::` and single signs of Rust text, with their lines; comments and literals are left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let is_word = |at: usize| byte(at) == b'_' || byte(at).is_ascii_alphanumeric() || byte(at) >= 0x80;
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let start = at;
        let mut keep = false;
        match byte(at) {
            b'/' if byte(at + 1) == b'/' => {
                while at < bytes.len() && byte(at) != b'\n' {
                    at += 1;
                }
            }
            b'/' if byte(at + 1) == b'*' => at = end_of_comment(bytes, at),
            b'"' => at = end_of_string(bytes, at),
            b'\'' if byte(at + 1) == b'\\' || (byte(at + 2) == b'\'' || !is_word(at + 1)) => {
                at += if byte(at + 1) == b'\\' { 3 } else { 2 };
                while at < bytes.len() && byte(at) != b'\'' {
                    at += 1;
                }
                at += 1;
            }
            b'r' if byte(at + 1) == b'"' || (byte(at + 1) == b'#' && matches!(byte(at + 2), b'"' | b'#')) => {
                let hashes = bytes.iter().skip(at + 1).take_while(|sign| **sign == b'#').count();
                let end = format!("\"{}", "#".repeat(hashes));
                let body = at + 2 + hashes;
                at =
                    text.get(body..).and_then(|rest| rest.find(&end)).map_or(bytes.len(), |off| body + off + end.len());
            }
            b':' if byte(at + 1) == b':' => (at, keep) = (at + 2, true),
            _ if is_word(at) => {
                while is_word(at) {
                    at += 1;
                }
                keep = true;
            }
            sign => (at, keep) = (at + 1, !sign.is_ascii_whitespace()),
        }
        if keep && let Some(token) = text.get(start..at) {
            found.push((line, token));
        }
        line += bytes.iter().take(at).skip(start).filter(|sign| **sign == b'\n').count();
    }
    found
}

fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => (at, depth) = (at + 2, depth + 1),
            (Some(b'*'), Some(b'/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
