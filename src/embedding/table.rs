//! The numbers in the binary. `scripts/make-embedding-asset` writes and explains them.
//!
//! Nothing is read at the start: a look-up touches the pages that it needs, and the rest stays on the disk.

/// Numbers in a row.
pub(super) const DIMENSIONS: usize = 256;
/// Rows: one for each piece of a word.
pub(super) const TOKENS: usize = 30_522;
/// Bytes of a row: half of one for each number.
const ROW_BYTES: usize = DIMENSIONS / 2;
/// Places in the hash table.
const SLOTS: usize = 1 << 16;
/// Bytes of all pieces, one after the other.
const TEXT: usize = 189_330;

const ASSET: &[u8] = include_bytes!("../../assets/embedding.bin");

// The sections, cut while compiling: an asset of another size does not build.
const HEAD: (&[u8], &[u8]) = ASSET.split_at(20);
const MEAN: (&[u8], &[u8]) = HEAD.1.split_at(4 * DIMENSIONS);
const SCALES: (&[u8], &[u8]) = MEAN.1.split_at(4 * TOKENS);
const STARTS: (&[u8], &[u8]) = SCALES.1.split_at(4 * (TOKENS + 1));
const TABLE: (&[u8], &[u8]) = STARTS.1.split_at(4 * SLOTS);
const TEXTS: (&[u8], &[u8]) = TABLE.1.split_at(TEXT);
const ROWS: &[u8] = TEXTS.1.split_at(TEXTS.1.len() - ROW_BYTES * TOKENS).1;
const _: () = assert!(TEXTS.1.len() - ROWS.len() < 64, "the asset has another size than this file says");

static MEANS: &[u8] = MEAN.0;
static SCALE_OF_ROW: &[u8] = SCALES.0;
static START_OF_TEXT: &[u8] = STARTS.0;
static SLOT: &[u8] = TABLE.0;
static TEXT_OF_ALL: &[u8] = TEXTS.0;
static ROW: &[u8] = ROWS;

/// A row of the table: the number of a piece of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token(u16);

impl Token {
    /// Stands for words that no pieces cover.
    pub(super) const UNKNOWN: Self = Self(100);

    #[cfg(test)]
    pub(super) fn id(self) -> u16 {
        self.0
    }

    /// A number for a place among few: the signs, which come often, are neighbours here and would be there.
    pub(super) fn spread(self) -> usize {
        usize::from(self.0.wrapping_mul(0x9e37) >> 8)
    }

    /// Its row, two numbers a byte, and what to multiply them by.
    pub(super) fn row(self) -> (&'static [u8; ROW_BYTES], f32) {
        let at = usize::from(self.0);
        let row = ROW.get(at * ROW_BYTES..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; ROW_BYTES]);
        (row, f32::from_bits(word(SCALE_OF_ROW, at)))
    }

    fn text(self) -> &'static [u8] {
        let at = usize::from(self.0);
        let start = |at| usize::try_from(word(START_OF_TEXT, at)).unwrap_or(usize::MAX);
        TEXT_OF_ALL.get(start(at)..start(at + 1)).unwrap_or(&[])
    }
}

/// What the mean embedding holds at a dimension.
pub(super) fn mean(dimension: usize) -> f32 {
    f32::from_bits(word(MEANS, dimension))
}

/// The hash of a piece, made byte by byte, so that one pass gives those of all prefixes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hash(u64);

impl Hash {
    /// The hash of nothing: of a piece that continues a word, or of one that begins it.
    pub(super) fn new(continues: bool) -> Self {
        Self(if continues { 0x9ae1_6a3b_2f90_404f } else { 0xcbf2_9ce4_8422_2325 })
    }

    pub(super) fn with(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The last bytes reach the upper half only now.
    fn mixed(self) -> u64 {
        (self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The token of exactly this piece, whose hash is given.
pub(super) fn find(piece: &[u8], continues: bool, hash: Hash) -> Option<Token> {
    let [high, low, tag_high, tag_low, ..] = hash.mixed().to_be_bytes();
    let tag = u16::from_be_bytes([tag_high, tag_low]);
    let first = usize::from(u16::from_be_bytes([high, low]));
    // Every second slot is empty, so a search ends after a few.
    for step in 0..SLOTS {
        let [tag_of_slot, low_half] = halves(word(SLOT, (first + step) % SLOTS));
        if tag_of_slot == 0 && low_half == 0 {
            return None;
        }
        let token = Token(low_half & 0x7fff);
        if tag_of_slot == tag && (low_half & 0x8000 != 0) == continues && token.text() == piece {
            return Some(token);
        }
    }
    None
}

fn halves(slot: u32) -> [u16; 2] {
    let [a, b, c, d] = slot.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

/// The `at`-th number of four bytes; zero beyond the end, which no index of this file reaches.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at * 4..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}
