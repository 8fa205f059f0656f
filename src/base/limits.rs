//! Every limit on what is read from outside, by name. Bytes, counts and seconds.

use std::time::Duration;

/// Request bodies, unless `server.max_body` says otherwise.
pub const DEFAULT_MAX_BODY: usize = 20 << 20;
/// All header lines of one request together.
pub const MAX_HEADER_BYTES: usize = 64 << 10;
/// Number of header lines in one request.
pub const MAX_HEADERS: usize = 128;
/// How long a client may take to send its request head.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may pause inside a request body.
pub const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections open at once; a further one waits in the kernel's queue.
pub const MAX_CONNECTIONS: usize = 16_384;
/// How deep JSON may nest (serde_json's own limit, stated here because clients see it).
pub const MAX_JSON_DEPTH: usize = 128;
/// Messages in one conversation.
pub const MAX_MESSAGES: usize = 100_000;
/// A session id, a label, a user id.
pub const MAX_LABEL_BYTES: usize = 256;
/// All of a client's `tracestate`.
pub const MAX_TRACE_STATE_BYTES: usize = 512;
/// Members of a client's `tracestate`.
pub const MAX_TRACE_STATE_MEMBERS: usize = 32;
/// `floopy-property-*` headers on one request.
pub const MAX_PROPERTIES: usize = 16;
/// Body of a Floopy resource (feedback, rating, keys).
pub const MAX_RESOURCE_BODY: usize = 64 << 10;
/// Body of a dry run: a chat request, wrapped or not.
pub const MAX_EXPLAIN_BODY: usize = 64 << 10;
/// A non-streamed answer of an upstream.
pub const MAX_UPSTREAM_BODY: usize = 64 << 20;
/// An error body of an upstream.
pub const MAX_UPSTREAM_ERROR_BODY: usize = 256 << 10;
/// A judge's answer: four numbers in JSON.
pub const MAX_JUDGE_ANSWER: usize = 256 << 10;
/// One server-sent event of an upstream.
pub const MAX_SSE_EVENT: usize = 8 << 20;
/// One message of an AWS event stream, all of it.
pub const MAX_FRAME: usize = 24 << 20;
/// The headers of one message of an AWS event stream.
pub const MAX_FRAME_HEADERS: usize = 128 << 10;
/// Targets with a name of their own in metric labels, besides those that the configuration names.
pub const MAX_METRIC_TARGETS: usize = 512;
/// Targets that one request may try.
pub const MAX_ATTEMPTS: usize = 8;
/// Names in a comma-separated `model`.
pub const MAX_FALLBACK_NAMES: usize = 16;
/// Texts in one embeddings request.
pub const MAX_EMBEDDING_INPUTS: usize = 2048;
/// Sessions whose conversation is remembered for inference.
pub const MAX_INFERRED_SESSIONS: usize = 65_536;
/// Reason and comment texts in feedback and ratings.
pub const MAX_COMMENT_BYTES: usize = 8 << 10;
/// One answer that our own client reads from a floopy server.
pub const MAX_CLIENT_ANSWER: usize = 64 << 20;
/// How long our own client waits for one whole answer.
pub const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);
/// One event that our own client reads from the live stream.
pub const MAX_CLIENT_EVENT: usize = 4 << 20;
/// One line of an export, as `floopy verify` and `floopy export` read it.
pub const MAX_EXPORT_LINE: u64 = 16 << 20;
/// The longest span of one export.
pub const MAX_EXPORT_SPAN: Duration = Duration::from_secs(90 * 24 * 3600);
/// Rows of an export that one thread makes at a time: about a megabyte of JSON lines.
pub const EXPORT_LANE: usize = 512;
/// Bytes of the live stream that are read for one reader at a time; one event may be larger.
pub const EVENT_SLICE: usize = 64 << 10;
/// Decisions whose credits one event of the live stream tells.
pub const MAX_EVENT_CREDITS: usize = 50;
/// Calls of a session that are looked at for them: some were not answered and have none.
pub const MAX_EVENT_LOOKED_AT: usize = 500;
/// Readers of live streams that look at the log at once.
pub const MAX_EVENT_LOOKS: usize = 4;
/// Entries of the log that a reader of the live stream may be behind; it misses older ones.
pub const MAX_EVENTS_BEHIND: u64 = 100_000;
/// The configuration file.
pub const MAX_CONFIG_FILE: u64 = 1 << 20;
/// A file that holds one secret.
pub const MAX_SECRET_FILE: u64 = 64 << 10;
/// One answer of whoever issues credentials: a token and what belongs to it.
pub const MAX_ISSUER_ANSWER: usize = 64 << 10;
/// How long one call to an issuer of credentials may take.
pub const ISSUER_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls that are made side by side for one request with `n`.
pub const MAX_PARALLEL_CALLS: u32 = 8;
/// One image that is fetched for a provider.
pub const MAX_IMAGE_BYTES: usize = 20 << 20;
/// How long fetching one image may take.
pub const IMAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// Redirects that are followed on the way to an image.
pub const MAX_IMAGE_REDIRECTS: u32 = 3;
/// Images that are fetched for one request.
pub const MAX_FETCHED_IMAGES: usize = 16;
/// Bytes of all images that are fetched for one request.
pub const MAX_FETCHED_BYTES: usize = 40 << 20;
/// Records that one page of a list looks at: a filter that matches little ends a page early, with a cursor.
pub const MAX_LOOKED_AT: usize = 2_000;
/// Reasoning that is remembered for one org.
pub const MAX_ORG_THOUGHTS: usize = 8 << 20;
/// Reasoning that is remembered for all orgs.
pub const MAX_THOUGHTS: usize = 64 << 20;
/// Items of answers that are remembered for one org, because its next request may name them.
pub const MAX_ORG_ITEMS: usize = 8 << 20;
/// Items that are remembered so for all orgs.
pub const MAX_ITEMS: usize = 64 << 20;
/// Bytes of a body that is too long which are still read, so that the client gets to hear the answer.
pub const MAX_DISCARDED: usize = 64 << 20;
/// Form fields of an upload beside the file.
pub const MAX_FORM_FIELD: u64 = 4 << 10;
/// What a form may hold beside its fields: heads and boundaries.
pub const MAX_FORM_FRAME: u64 = 64 << 10;
/// Files of one org.
pub const MAX_FILES: usize = 10_000;
/// The input of a batch.
pub const MAX_BATCH_INPUT: u64 = 200 << 20;
/// Lines of a batch.
pub const MAX_BATCH_LINES: u32 = 50_000;
/// One line of a batch.
pub const MAX_BATCH_LINE: usize = 20 << 20;
/// A line's `custom_id`.
pub const MAX_CUSTOM_ID: usize = 512;
/// Bytes of a batch that is handed over to a provider's own; a larger one is answered here.
pub const MAX_FORWARDED: usize = 64 << 20;
/// Answers of a provider's batch.
pub const MAX_BATCH_ANSWERS: u64 = 1 << 30;
/// Tries of a line that fails by nobody's fault here, before its failure counts as its answer.
pub const MAX_LINE_TRIES: u32 = 5;
/// Mistakes of an input file that a batch tells of.
pub const MAX_BATCH_ERRORS: usize = 100;
/// Batches of one org that wait or run.
pub const MAX_UNFINISHED_BATCHES: usize = 1_000;
/// Batches that run at once; further ones wait.
pub const MAX_RUNNING_BATCHES: usize = 16;
/// Pairs of a batch's metadata.
pub const MAX_METADATA: usize = 16;
/// A name in metadata.
pub const MAX_METADATA_NAME: usize = 64;
/// A value in metadata.
pub const MAX_METADATA_VALUE: usize = 512;
/// The longest completion window of a batch.
pub const MAX_BATCH_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);
/// The time after which a file may be asked to expire, from its creation.
pub const FILE_EXPIRY: std::ops::RangeInclusive<u64> = 3_600..=2_592_000;
/// One dataset.
pub const MAX_DATASET: usize = 16 << 20;
/// Rows of a dataset.
pub const MAX_DATASET_ROWS: u32 = 10_000;
/// One row of a dataset.
pub const MAX_DATASET_ROW: usize = 1 << 20;
/// Datasets of one org.
pub const MAX_DATASETS: usize = 1_000;
/// Rows of all datasets of one org.
pub const MAX_ORG_ROWS: u64 = 500_000;
/// The name of a dataset.
pub const MAX_DATASET_NAME: usize = 256;
/// Evaluations of one org that wait or run.
pub const MAX_OPEN_EVALUATIONS: usize = 100;
/// Evaluations of one org that are kept.
pub const MAX_EVALUATIONS: usize = 10_000;
/// The longest time that an evaluation may take.
pub const MAX_EVALUATION_TIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// The body that makes an evaluation.
pub const MAX_EVALUATION_BODY: usize = 64 << 10;
/// One result of an evaluation as it is written.
pub const MAX_RESULT_ROW: u64 = 72 << 20;
/// A recording for `floopy replay`, unpacked.
pub const REPLAY_FILE: u64 = 2 << 30;
