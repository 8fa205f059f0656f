//! The shapes of Floopy resources as they travel over HTTP and rest in the store.
//! The server, the typed client and the commands share them, so that they cannot drift apart.

pub mod assessment;
pub mod batch;
pub mod constraints;
pub mod dataset;
pub mod decision;
pub mod evaluation;
pub mod experiment;
pub mod explain;
pub mod export;
pub mod facts;
pub mod feedback;
pub mod file;
pub mod judged;
pub mod key;
pub mod page;
pub mod priors;
pub mod read;
pub mod retained;
pub mod savings;
pub mod session;
mod skim;
pub mod timings;
pub mod trace;
pub mod verification;
pub mod view;

pub use assessment::Assessment;
pub use batch::{Batch, BatchStep};
pub use constraints::{Constraints, ConstraintsView};
pub use dataset::Dataset;
pub use decision::Decision;
pub use evaluation::{Evaluation, EvaluationStep, StoredEvaluation};
pub use experiment::{Experiment, ExperimentResults};
pub use feedback::{Feedback, Rating, Receipt};
pub use file::StoredFile;
pub use judged::Judged;
pub use key::{KeyRecord, ListedKey, NewKey};
pub use page::Page;
pub use priors::PriorsSetting;
pub use retained::RetainedRequest;
pub use session::{RestoredSession, SessionSummary, Turn};
pub use timings::Timings;
pub use trace::Trace;
pub use verification::Verification;
pub use view::StoredDecision;
