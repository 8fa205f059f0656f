//! Opening the file, and the face of the store.

use super::apply::{Change, Done, FeedbackTarget};
use super::blobs::Blobs;
use super::chain::Kind;
use super::error::Error;
use super::polite::{Manners, Polite};
use super::retained::Around;
use super::settings::NewConstraints;
use super::spent;
use super::tables;
use super::writer::{self, Op, Writer};
use crate::base::{ApiError, KeyId, OrgId, RequestId, RouteId, Timestamp};
use crate::resource::constraints::{Changed, Constraints};
use crate::resource::{Decision, Feedback, Judged, KeyRecord, PriorsSetting, Rating, Receipt};
use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Memory that redb may use for pages.
const CACHE: usize = 16 << 20;
/// How every redb file begins.
const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// The store's file in the data folder.
pub const FILE: &str = "floopy.redb";

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made where it does not exist.
    pub folder: PathBuf,
    /// How often decisions are committed.
    pub group_window: Duration,
    /// How long bodies are kept; `None` = never written.
    pub bodies: Option<Duration>,
    /// How long decisions are kept; `None` = for ever.
    pub decisions: Option<Duration>,
}

/// One request's record and, where retention allows, its bodies. The bodies are scrubbed before they are
/// written.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The record.
    pub decision: Decision,
    /// The `messages` array as the client sent it.
    pub messages: Option<Bytes>,
    /// The assistant's message as OpenAI JSON.
    pub answer: Option<String>,
    /// What is kept beside them.
    pub around: Option<Around>,
}

/// How the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether writes succeed.
    pub writable: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Records that wait for their commit.
    pub backlog: usize,
}

/// Where the pages are: a file, or what a test puts in its place.
pub(super) type Opener = Box<dyn Fn(&Manners) -> Result<Database, Error> + Send + Sync>;

/// The database while it is open; `None` while the writer opens it anew after a failure.
pub(super) type Shared = Arc<RwLock<Option<Arc<Database>>>>;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(super) database: Shared,
    pub(super) cursor_secret: Arc<[u8]>,
    pub(super) writer: Arc<Writer>,
    pub(super) blobs: Blobs,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("health", &self.health()).finish_non_exhaustive()
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder
}

pub(super) fn unreadable(error: &std::io::Error) -> Error {
    Error::Unreadable(error.kind().to_string())
}

/// Makes the folder, readable for its owner only.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| unreadable(&error))
}

/// Opens the file, or makes it, readable for its owner only. A file that is no redb file is left alone.
pub(super) fn open_file(path: &Path, manners: &Manners) -> Result<Database, Error> {
    if !path.exists() {
        make_file(path)?;
    }
    let mut head = Vec::new();
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).map_err(|error| unreadable(&error))?;
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    if head != MAGIC {
        return Err(Error::Foreign);
    }
    let backend = redb::backends::FileBackend::new(file).map_err(database_error)?;
    builder().create_with_backend(Polite::new(backend, manners)).map_err(database_error)
}

/// Makes an empty database under another name and puts it in its place whole: a crash on the way leaves
/// nothing that cannot be opened.
fn make_file(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let fresh = path.with_extension("redb.new");
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(|error| unreadable(&error))?;
    let backend = redb::backends::FileBackend::new(file).map_err(database_error)?;
    drop(builder().create_with_backend(backend).map_err(database_error)?);
    std::fs::rename(&fresh, path).map_err(|error| unreadable(&error))
}

fn database_error(error: redb::DatabaseError) -> Error {
    match error {
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) => Error::Corrupt(error.kind().to_string()),
        other => Error::from(redb::Error::from(other)),
    }
}

/// A database on another backend, for tests.
#[cfg(test)]
pub(super) fn open_backend(backend: impl redb::StorageBackend) -> Result<Database, Error> {
    builder().create_with_backend(backend).map_err(|error| Error::from(redb::Error::from(error)))
}

/// Makes the tables and checks the format; the secret that signs cursors.
fn prepare(database: &Database) -> Result<Arc<[u8]>, Error> {
    let txn = database.begin_write()?;
    let secret;
    {
        let mut meta = txn.open_table(tables::META)?;
        let format = meta.get("format")?.map(|bytes| bytes.value().to_vec());
        match format.as_deref().map(<[u8; 4]>::try_from) {
            None => {
                meta.insert("format", tables::FORMAT.to_be_bytes().as_slice())?;
            }
            Some(Ok(bytes)) => {
                let found = u32::from_be_bytes(bytes);
                if found > tables::FORMAT {
                    return Err(Error::Newer { found, known: tables::FORMAT });
                }
                // From here on the log may hold kinds of entries that an older release cannot read.
                meta.insert("format", tables::FORMAT.to_be_bytes().as_slice())?;
            }
            Some(Err(_)) => return Err(Error::Corrupt("its format cannot be read".into())),
        }
        let known = meta.get("cursor_secret")?.map(|bytes| bytes.value().to_vec());
        secret = match known {
            Some(secret) => secret,
            None => {
                let mut fresh = [0_u8; 32];
                getrandom::fill(&mut fresh).map_err(|_| Error::Unreadable("no random numbers".into()))?;
                meta.insert("cursor_secret", fresh.as_slice())?;
                fresh.to_vec()
            }
        };
    }
    txn.open_table(tables::ORGS)?;
    txn.open_table(tables::LOG)?;
    txn.open_table(tables::HEADS)?;
    txn.open_table(tables::BY_REQUEST)?;
    txn.open_table(tables::BY_TIME)?;
    txn.open_table(tables::BY_SESSION)?;
    txn.open_table(tables::SESSIONS)?;
    txn.open_table(tables::SESSIONS_BY_TIME)?;
    txn.open_table(tables::COMPLETIONS)?;
    txn.open_table(tables::BODIES)?;
    txn.open_table(tables::FEEDBACK)?;
    txn.open_table(tables::RATINGS)?;
    txn.open_table(tables::KEYS)?;
    txn.open_table(tables::PINS)?;
    txn.open_table(tables::JUDGED)?;
    txn.open_table(tables::EXPERIMENTS)?;
    txn.open_table(tables::CONSTRAINTS)?;
    txn.open_table(tables::PRIORS)?;
    txn.open_table(tables::CHECKPOINTS)?;
    txn.open_table(tables::FILES)?;
    txn.open_table(tables::BATCHES)?;
    txn.open_table(tables::UNFINISHED)?;
    txn.open_table(tables::DATASETS)?;
    txn.open_table(tables::EVALUATIONS)?;
    txn.open_table(tables::OPEN_EVALUATIONS)?;
    txn.open_table(tables::LATEST)?;
    spent::forget(&txn, Timestamp::from(SystemTime::now()))?;
    txn.open_table(tables::ANCHORS)?;
    txn.commit()?;
    Ok(secret.into())
}

impl Store {
    /// Opens the store in a folder; after a crash it mends itself.
    ///
    /// # Errors
    /// The folder cannot be used, the file is foreign, damaged, newer, or open in another process.
    pub fn open(options: Options) -> Result<Self, Error> {
        make_folder(&options.folder)?;
        let path = options.folder.join(FILE);
        Self::start(&options, Box::new(move |manners| open_file(&path, manners)))
    }

    pub(super) fn start(options: &Options, opener: Opener) -> Result<Self, Error> {
        let manners = Manners::default();
        let database = opener(&manners)?;
        let cursor_secret = prepare(&database)?;
        let database: Shared = Arc::new(RwLock::new(Some(Arc::new(database))));
        let writer = writer::start(options, Arc::clone(&database), opener, manners)?;
        Ok(Self { database, cursor_secret, writer: Arc::new(writer), blobs: Blobs::beside(&options.folder) })
    }

    /// A snapshot of what is committed.
    pub(super) fn snapshot(&self) -> Result<redb::ReadTransaction, Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(database.ok_or(Error::Closed)?.begin_read()?)
    }

    /// Records a decision with the next group. Never waits.
    ///
    /// # Errors
    /// [`Error::Backlogged`] where the writer is too far behind; nothing is recorded then, and the
    /// caller has to say so.
    pub fn record(&self, recorded: Recorded) -> Result<(), Error> {
        self.writer.send(Op::Decision { recorded: Box::new(recorded), done: None })
    }

    /// Records a decision and waits until it is durable.
    ///
    /// # Errors
    /// The write failed.
    pub async fn record_durable(&self, recorded: Recorded) -> Result<(), Error> {
        let (done, wait) = oneshot::channel();
        self.writer.send(Op::Decision { recorded: Box::new(recorded), done: Some(done) })?;
        wait.await.map_err(|_| Error::Closed)?
    }

    pub(super) async fn change(&self, change: Change) -> Result<Done, Error> {
        let (done, wait) = oneshot::channel();
        self.writer.send(Op::Change { change: Box::new(change), done })?;
        wait.await.map_err(|_| Error::Closed)?
    }

    /// Takes feedback: the first vote of a session, and of a request, stands. Durable when it returns.
    /// The ids in `feedback` are set to what `target` turns out to be.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown target, or the write failed.
    pub async fn feedback(&self, org: OrgId, target: FeedbackTarget, feedback: Feedback) -> Result<Receipt, Error> {
        match self.change(Change::Feedback { org, target, feedback }).await? {
            Done::Receipt(receipt) => Ok(receipt),
            _ => Err(Error::Closed),
        }
    }

    /// Takes a rating: the last one stands. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown decision, or the write failed.
    pub async fn rate(&self, org: OrgId, rating: Rating) -> Result<(), Error> {
        self.change(Change::Rating { org, rating }).await.map(drop)
    }

    /// Takes a judge's scores: the last ones stand. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown decision, or the write failed.
    pub async fn judged(&self, org: OrgId, judged: Judged) -> Result<(), Error> {
        self.change(Change::Judged { org, judged }).await.map(drop)
    }

    /// Replaces the families of constraints that `wanted` has; what holds then. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn put_constraints(&self, org: OrgId, wanted: NewConstraints) -> Result<Constraints, Error> {
        match self.change(Change::Constraints { org, wanted }).await? {
            Done::Constraints(constraints) => Ok(constraints),
            _ => Err(Error::Closed),
        }
    }

    /// Takes an org's word on pooled priors; `wanted.old` is filled in. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn put_priors(&self, org: OrgId, wanted: Changed<PriorsSetting>) -> Result<(), Error> {
        self.change(Change::Priors { org, wanted }).await.map(drop)
    }

    /// Tells of commits that have made a chain longer. A reader that looks at the log, then waits for a
    /// change, misses nothing. Ends with the store.
    #[must_use]
    pub fn commits(&self) -> tokio::sync::watch::Receiver<u64> {
        self.writer.commits.clone()
    }

    /// Makes a key. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn create_key(&self, key: KeyRecord) -> Result<(), Error> {
        self.change(Change::CreateKey { key }).await.map(drop)
    }

    /// Revokes a key of `org`. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the write failed.
    pub async fn revoke_key(&self, org: Option<OrgId>, id: KeyId) -> Result<(), Error> {
        self.change(Change::RevokeKey { org, id }).await.map(drop)
    }

    /// Pins a route to its default model, or frees it. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn pin(&self, org: OrgId, route: RouteId, pinned: bool) -> Result<(), Error> {
        self.change(Change::Pin { org, route, pinned }).await.map(drop)
    }

    /// Notes a change of the configuration in the org's chain.
    ///
    /// # Errors
    /// The write failed.
    pub async fn note_config(&self, org: OrgId, payload: String) -> Result<(), Error> {
        self.change(Change::Note { org, kind: Kind::Config, payload }).await.map(drop)
    }

    /// Waits until everything that was handed in before is committed.
    ///
    /// # Errors
    /// The write failed.
    pub async fn flush(&self) -> Result<(), Error> {
        let (done, wait) = oneshot::channel();
        self.writer.send(Op::Flush { done })?;
        wait.await.map_err(|_| Error::Closed)?
    }

    /// Commits what is left and ends the writer.
    pub async fn close(&self) {
        if let Err(error) = self.flush().await {
            tracing::error!(%error, "the store could not be flushed");
        }
        self.writer.stop();
    }

    /// Whether a new request may be taken: its record will find room.
    ///
    /// # Errors
    /// `overloaded` while the writer is too far behind.
    pub fn admit(&self) -> Result<(), ApiError> {
        if self.writer.is_backlogged() { Err(Error::Backlogged.into_api_error()) } else { Ok(()) }
    }

    /// How the store is.
    #[must_use]
    pub fn health(&self) -> Health {
        let reason = self.writer.failure();
        Health { writable: reason.is_none(), reason, backlog: self.writer.backlog.load(Ordering::Relaxed) }
    }

    /// A request's id from text, where the store has to look it up for a caller.
    pub(super) fn found(&self, org: &OrgId, id: RequestId) -> Result<Option<(u32, u64)>, Error> {
        let txn = self.snapshot()?;
        let number = txn.open_table(tables::ORGS)?.get(org.as_str())?.map(|number| number.value());
        let place = txn.open_table(tables::BY_REQUEST)?.get(id.as_bytes())?.map(|place| place.value());
        Ok(place.filter(|(owner, _)| Some(*owner) == number))
    }
}
