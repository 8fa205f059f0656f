//! Files that are packed on their way: gzip and zstd. Who writes goes by the name, who reads by the first bytes.

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::Path;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// By the end of a file's name, and the name without it.
    pub(crate) fn by_name(name: &str) -> (Self, &str) {
        let ending = |end: &str, packing| name.strip_suffix(end).map(|rest| (packing, rest));
        ending(".gz", Self::Gzip).or_else(|| ending(".zst", Self::Zstd)).unwrap_or((Self::Plain, name))
    }
}

/// A file's content, unpacked where its first bytes say that it is packed.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::new(File::open(path)?);
    let first = file.fill_buf()?;
    let (gzip, zstd) = (first.starts_with(&GZIP), first.starts_with(&ZSTD));
    file.rewind()?;
    Ok(if gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else if zstd {
        Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?))
    } else {
        Box::new(file)
    })
}

/// What is written to, packed on the way.
pub(crate) enum Packer {
    Plain(Box<dyn Write>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Packer {
    pub(crate) fn new(file: File, packing: Packing) -> io::Result<Self> {
        let file = BufWriter::new(file);
        Ok(match packing {
            Packing::Plain => Self::Plain(Box::new(file)),
            Packing::Gzip => Self::Gzip(GzEncoder::new(file, Compression::default())),
            Packing::Zstd => {
                let mut packed = zstd::Encoder::new(file, ZSTD_LEVEL)?;
                packed.include_checksum(true)?;
                Self::Zstd(packed)
            }
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
            Self::Zstd(out) => out.write_all(bytes),
        }
    }

    /// Writes what is held back and the end of the packing.
    pub(crate) fn end(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
            Self::Zstd(out) => out.finish()?.flush(),
        }
    }
}
