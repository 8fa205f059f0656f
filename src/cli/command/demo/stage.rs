//! Where the demo plays: a folder, a configuration, a port.

use crate::base::RequestId;
use crate::cli::exit::{Exit, Failure};
use crate::upstream::replay::Replay;
use std::fmt::Write;
use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The provider's name in the demo's configuration.
pub(super) const PROVIDER: &str = "replay";

/// The route that learns; most sessions are played on it.
pub(super) const LEARNS: &str = "learns";

/// The routes, each with its strategy and what it shows.
pub(super) const ROUTES: &[(&str, &str, &str)] = &[
    (
        LEARNS,
        "feedback_driven",
        "whoever saves most while quality stays at 95% of the baseline's, learned from the ratings",
    ),
    ("split", "weighted", "60% baseline, the rest to two cheaper models, by fixed weights"),
    ("quickest", "latency_based", "whoever has answered fastest lately"),
    ("in-order", "fallback", "the baseline as long as it answers"),
];

/// The cheaper models that the routes name beside the baseline, with their weights on `split`.
const OTHERS: [(&str, u32); 2] = [("Meta-Llama-3_1-70B-Instruct", 25), ("gemini-1.5-flash-002", 15)];
const BASELINE_WEIGHT: u32 = 60;
/// What the route that learns may choose from besides: from nearly as good to hopeless.
const TO_LEARN: [&str; 4] =
    ["Meta-Llama-3_1-8B-Instruct", "Qwen1.5-72B-Chat", "Mixtral-8x7B-Instruct-v0.1", "Phi-3-mini-4k-instruct"];

/// The demo's configuration file.
pub(super) fn configuration(replay: &Replay, data: &Path, listen: SocketAddr) -> String {
    let name = |model: &str| format!("\"{PROVIDER}/{model}\"");
    let baseline = name(&replay.baseline);
    let others: Vec<_> = OTHERS.iter().map(|(model, _)| name(model)).collect();
    let weights: Vec<_> = OTHERS.iter().map(|(model, weight)| format!("{} = {weight}", name(model))).collect();
    let mut text = format!(
        "# Written by `floopy demo`.\n[server]\nlisten = \"{listen}\"\n[store]\npath = {data:?}\n\
         [telemetry]\nlog = \"error\"\n[provider.{PROVIDER}]\nkind = \"replay\"\n"
    );
    for (route, strategy, meaning) in ROUTES {
        let candidates = if *strategy == "fallback" { "fallback" } else { "candidates" };
        let weights = match *strategy {
            "weighted" => format!("weights = {{ {baseline} = {BASELINE_WEIGHT}, {} }}\n", weights.join(", ")),
            _ => String::new(),
        };
        let more = if *route == LEARNS { TO_LEARN.as_slice() } else { &[] };
        let named: Vec<_> = others.iter().cloned().chain(more.iter().map(|model| name(model))).collect();
        write!(
            text,
            "\n# {meaning}\n[[route]]\nname = \"{route}\"\nstrategy = \"{strategy}\"\nsticky = \"request\"\n\
             default_model = {baseline}\n{candidates} = [{}]\n{weights}",
            named.join(", ")
        )
        .expect("a string takes everything");
    }
    text
}

/// The usual port where it is free, else any.
pub(super) fn address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 7676));
    if TcpListener::bind(usual).is_ok() { usual } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}

/// The demo's folder: a given one is kept, a temporary one goes with this value.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The given folder, or a new temporary one.
    pub(super) fn open(given: Option<&Path>) -> Result<Self, Failure> {
        let name = || format!("floopy-demo-{}", RequestId::draw(std::time::SystemTime::now().into()));
        let path = given.map_or_else(|| std::env::temp_dir().join(name()), Path::to_owned);
        DirBuilder::new()
            .recursive(given.is_some())
            .mode(0o700)
            .create(&path)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot make {}: {error}", path.display())))?;
        Ok(Self { path, temporary: given.is_none() })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is left to the system's own cleaning of its temporary folder.
            std::fs::remove_dir_all(&self.path).unwrap_or_default();
        }
    }
}
