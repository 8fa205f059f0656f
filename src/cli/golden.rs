//! What is generated from the command line and checked in: help texts, completions, man pages.
//! `UPDATE_GOLDEN=1` rewrites them; the diff is read as a change of the product.

use super::args::command_line;
use clap_complete::{Shell, generate_to};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Files = BTreeMap<PathBuf, String>;

fn read(folder: &Path) -> Files {
    let Ok(entries) = std::fs::read_dir(folder) else { return Files::new() };
    let paths = entries.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_file());
    let name = |path: &Path| PathBuf::from(path.file_name().expect("a file has a name"));
    paths.map(|path| (name(&path), std::fs::read_to_string(&path).expect("text"))).collect()
}

/// The folder of the repository holds exactly these files.
fn check(folder: &str, fresh: Files) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(&kept).expect("made");
        for name in read(&kept).into_keys() {
            std::fs::remove_file(kept.join(name)).expect("removed");
        }
        for (name, text) in &fresh {
            std::fs::write(kept.join(name), text).expect("written");
        }
    }
    let kept = read(&kept);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&fresh), "{folder}/ is out of date: UPDATE_GOLDEN=1 cargo test golden");
    for (name, text) in &fresh {
        assert_eq!(kept.get(name), Some(text), "{folder}/{} is out of date", name.display());
    }
}

/// The command and all below it, each with its full name.
fn walk(command: &clap::Command, prefix: &str, found: &mut Vec<(String, clap::Command)>) {
    let name = format!("{prefix}{}", command.get_name());
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        walk(inner, &format!("{name}-"), found);
    }
    found.push((name, command.clone()));
}

#[test]
fn completions_are_current() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command_line(), "floopy", folder.path()).expect("generated");
    }
    check("completions", read(folder.path()));
}

#[test]
fn man_pages_are_current() {
    let folder = tempfile::tempdir().expect("a folder");
    clap_mangen::generate_to(command_line(), folder.path()).expect("generated");
    check("man", read(folder.path()));
}

#[test]
fn help_texts_are_current_and_say_what_every_argument_means() {
    let mut root = command_line();
    root.build();
    let mut commands = Vec::new();
    walk(&root, "", &mut commands);
    let mut files = Files::new();
    for (name, command) in commands {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
        }
        let help = command.clone().term_width(100).render_long_help().to_string();
        files.insert(PathBuf::from(format!("{name}.txt")), help);
    }
    check("tests/golden/help", files);
}

#[test]
fn the_command_line_is_sound() {
    command_line().debug_assert();
}
