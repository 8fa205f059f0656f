//! Where an export goes, and what is checked on its way.

use super::part::Part;
use crate::base::{hex, limits::MAX_EXPORT_LINE};
use crate::cli::exit::{Exit, Failure};
use crate::cli::packing::{Packer, Packing};
use crate::resource::export::Trailer;
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// The name of an export that is not whole yet.
pub(super) fn partial(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// An export on its way into a file. The last whole line is held back: it may be the trailer.
pub(super) struct Sink {
    out: Packer,
    output: Option<PathBuf>,
    held: Vec<u8>,
    /// What has come from the server, without its last line.
    came: Sha256,
    came_bytes: u64,
    /// What is in the file.
    whole: Part,
    before: u64,
    is_csv: bool,
    /// Whether the server's head line of CSV is still to come although the file has one.
    skips_head: bool,
}

impl Sink {
    pub(super) fn open(output: Option<&Path>, packing: Packing, part: Part, is_csv: bool) -> Result<Self, Failure> {
        let out = match output {
            None => Packer::Plain(Box::new(BufWriter::new(io::stdout().lock()))),
            Some(output) => {
                let path = partial(output);
                let mut options = OpenOptions::new();
                options.create(true).append(part.last.is_some());
                options.write(true).truncate(part.last.is_none());
                let opened = options.open(&path);
                let failed = |error| Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
                opened.and_then(|file| Packer::new(file, packing)).map_err(failed)?
            }
        };
        Ok(Self {
            out,
            output: output.map(Path::to_owned),
            held: Vec::new(),
            came: Sha256::new(),
            came_bytes: 0,
            before: part.rows,
            skips_head: is_csv && part.last.is_some(),
            whole: part,
            is_csv,
        })
    }

    /// Rows and bytes so far.
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.whole.rows, self.whole.bytes)
    }

    /// Takes what has come; writes all whole lines but the last one.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.held.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', &self.held) else { return self.bounded() };
        let start = self.held.get(..end).and_then(|lines| memchr::memrchr(b'\n', lines)).map_or(0, |place| place + 1);
        let ready: Vec<u8> = self.held.drain(..start).collect();
        self.write(&ready)?;
        self.bounded()
    }

    fn bounded(&self) -> Result<(), Failure> {
        if (self.held.len() as u64) < MAX_EXPORT_LINE {
            return Ok(());
        }
        Err(Failure::new(Exit::Failed, "a line of the export is too long: this is no floopy server's answer"))
    }

    fn write(&mut self, ready: &[u8]) -> Result<(), Failure> {
        self.came.update(ready);
        self.came_bytes += ready.len() as u64;
        let mut rest = ready;
        let lines = memchr::memchr_iter(b'\n', ready).count() as u64;
        let mut heads = u64::from(self.is_csv && self.whole.bytes == 0 && lines > 0);
        if self.skips_head
            && let Some(end) = memchr::memchr(b'\n', ready)
        {
            rest = ready.get(end + 1..).unwrap_or_default();
            heads = 1;
            self.skips_head = false;
        }
        self.whole.rows += lines.saturating_sub(heads);
        self.whole.bytes += rest.len() as u64;
        self.whole.hasher.update(rest);
        Ok(self.out.write(rest)?)
    }

    /// The failure of an export that broke off: what is whole stays, and can be gone on with.
    pub(super) fn cut(self, failure: Failure) -> Failure {
        let Self { out, output, .. } = self;
        let kept = out.end().is_ok();
        match output {
            Some(_) if kept => failure.hint("the same command with --resume goes on where this one was cut"),
            _ => failure,
        }
    }

    /// Checks the trailer, writes it and gives the file its name.
    pub(super) fn finish(mut self) -> Result<Trailer, Failure> {
        let broken = |what: &str| Failure::new(Exit::Failed, format!("the export is not whole: {what}"));
        let mut line = std::mem::take(&mut self.held);
        if let Some(start) = line.strip_suffix(b"\n").and_then(|line| memchr::memrchr(b'\n', line)) {
            let ready: Vec<u8> = line.drain(..=start).collect();
            self.write(&ready)?;
        }
        let Some(Ok(mut trailer)) = Trailer::read(&line, self.is_csv) else {
            return Err(self.cut(broken("it has no trailer")));
        };
        let rows = self.whole.rows - self.before;
        let sums = (trailer.row_count, trailer.byte_count, &trailer.checksum_sha256);
        if sums != (rows, self.came_bytes, &sum(&self.came)) {
            return Err(self.cut(broken("what came does not have the trailer's sums")));
        }
        if trailer.truncated {
            let why = trailer.reason.clone().unwrap_or_default();
            return Err(self.cut(broken(&why)));
        }
        if self.before > 0 {
            // The file is longer than this answer: its sums are those of both parts.
            trailer.rows_emitted = self.whole.rows;
            trailer.row_count = self.whole.rows;
            trailer.byte_count = self.whole.bytes;
            trailer.checksum_sha256 = sum(&self.whole.hasher);
            trailer.aggregation_signal_present |= self.whole.influenced;
            line = trailer.clone().line(self.is_csv);
        }
        self.out.write(&line)?;
        self.out.end()?;
        if let Some(output) = self.output {
            std::fs::rename(partial(&output), &output)
                .map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", output.display())))?;
        }
        Ok(trailer)
    }
}

fn sum(hasher: &Sha256) -> String {
    hex(&hasher.clone().finalize())
}
