//! How a command ends: the one table of exit codes, and the failure that carries one.

use crate::client;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Every exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Wrong usage.
    Usage,
    /// Bad configuration.
    Config,
    /// The server is not reachable.
    Unreachable,
    /// A bug.
    Bug,
    /// Not allowed.
    NotAllowed,
}

impl Exit {
    /// The table: exit, number, meaning. Help and man pages are made from it.
    pub const TABLE: &'static [(Self, u8, &'static str)] = &[
        (Self::Done, 0, "done"),
        (Self::Failed, 1, "failed"),
        (Self::Usage, 2, "wrong usage"),
        (Self::Config, 64, "bad configuration"),
        (Self::Unreachable, 69, "server not reachable"),
        (Self::Bug, 70, "a bug in floopy"),
        (Self::NotAllowed, 77, "not allowed"),
    ];

    /// The number that the shell sees.
    #[must_use]
    pub fn number(self) -> u8 {
        let row = Self::TABLE.iter().find(|(exit, ..)| *exit == self);
        row.expect("every exit has a row: checked by a test").1
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// Why a command did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What went wrong; empty where it has been said already.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure that says `message`.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None }
    }

    /// A failure whose text has been written already.
    pub(crate) fn said(exit: Exit) -> Self {
        Self { exit, message: String::new(), hint: None }
    }

    /// The same failure with advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        let exit = match &error {
            client::Error::BadUrl { .. } | client::Error::BadKey => Exit::Usage,
            client::Error::BadCertificates(_) => Exit::Config,
            client::Error::Unreachable { .. } | client::Error::TimedOut { .. } | client::Error::BrokenOff { .. } => {
                Exit::Unreachable
            }
            client::Error::Refused(refusal) if matches!(refusal.status, 401 | 403) => Exit::NotAllowed,
            client::Error::Refused(_) | client::Error::NotUnderstood { .. } => Exit::Failed,
        };
        let message = match &error {
            client::Error::Refused(refusal) => format!("{} ({})", refusal.message, refusal.code),
            _ => error.to_string(),
        };
        Self { exit, message, hint: error.hint().map(str::to_owned) }
    }
}

/// A reader that went away (`| head`) has had enough: that is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::said(Exit::Done),
            _ => Self::new(Exit::Failed, format!("cannot write the output: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Refusal;

    #[test]
    fn the_table_is_the_contract() {
        let numbers: Vec<_> = Exit::TABLE.iter().map(|(_, number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 64, 69, 70, 77]);
        for (exit, number, _) in Exit::TABLE {
            assert_eq!(exit.number(), *number);
        }
    }

    #[test]
    fn a_refusal_maps_by_its_status() {
        let exit = |status| {
            let (code, message) = ("x".into(), "m".into());
            Failure::from(client::Error::Refused(Refusal { status, code, message, param: None, request_id: None })).exit
        };
        assert_eq!([401, 403, 404, 429, 500].map(exit).map(Exit::number), [77, 77, 1, 1, 1]);
        let gone = client::Error::Unreachable { url: "u".into(), why: "w".into() };
        assert_eq!(Failure::from(gone).exit.number(), 69);
    }

    #[test]
    fn a_closed_pipe_is_quiet_success() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::Done, ""));
    }
}
