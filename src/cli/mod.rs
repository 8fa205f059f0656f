//! The commands, one file each.

/// Runs the command line and maps its outcome to an exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
