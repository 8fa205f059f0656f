//! Starts the real executable and waits for it on conditions, never by sleeping.

use crate::fake::{Fake, KEY};
use crate::http::{self, Answer};
use serde_json::{Value, json};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a condition may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running gateway with its own folder.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    child: Option<Child>,
    environment: Vec<(&'static str, String)>,
    _owned: Option<TempDir>,
}

/// The configuration of a gateway with the fake as provider `up` under the name of a generic endpoint.
pub(crate) fn config(port: u16, folder: &Path, fake: &Fake, more: &str) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\ndrain_timeout = \"20s\"\n\
         [store]\npath = {path:?}\n\
         [upstream]\nfirst_byte_timeout = \"1s\"\nidle_timeout = \"1s\"\nretries = 1\nbackoff = \"5ms\"\nmax_backoff = \"20ms\"\n\
         [provider.up]\nkind = \"openai-chat\"\nbase_url = \"http://{upstream}/v1\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
         [[model]]\nid = \"up/cheap\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\n\
         [[model]]\nid = \"up/status-500\"\n[[model]]\nid = \"up/flaky\"\n\
         [[model]]\nid = \"up/dear\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\n{more}\n",
        path = folder.join("data"),
        upstream = fake.address,
    )
}

impl Gateway {
    /// Starts with the fake as provider `up` and `more` TOML, and waits until it is ready.
    pub(crate) fn start(fake: &Fake, more: &str) -> Self {
        let owned = TempDir::new().unwrap();
        let mut gateway = Self::start_in(owned.path(), fake, more);
        gateway._owned = Some(owned);
        gateway
    }

    /// Starts in a folder that outlives the gateway.
    pub(crate) fn start_in(folder: &Path, fake: &Fake, more: &str) -> Self {
        let port = free_port();
        Self::start_at(port, folder, config(port, folder, fake, more))
    }

    /// The same with the usual configuration changed.
    pub(crate) fn start_with(folder: &Path, fake: &Fake, change: impl FnOnce(String) -> String) -> Self {
        let port = free_port();
        Self::start_at(port, folder, change(config(port, folder, fake, "")))
    }

    /// Starts as [`Gateway::start`] does, with these variables too.
    pub(crate) fn start_in_environment(fake: &Fake, more: &str, environment: &[(&'static str, String)]) -> Self {
        let owned = TempDir::new().unwrap();
        let port = free_port();
        let config = config(port, owned.path(), fake, more);
        let mut gateway = Self::spawn(port, owned.path(), config, environment.to_vec());
        gateway._owned = Some(owned);
        gateway
    }

    fn start_at(port: u16, folder: &Path, config: String) -> Self {
        Self::spawn(port, folder, config, Vec::new())
    }

    fn spawn(port: u16, folder: &Path, config: String, environment: Vec<(&'static str, String)>) -> Self {
        std::fs::write(folder.join("floopy.toml"), config).unwrap();
        let mut gateway = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            folder: folder.to_owned(),
            child: None,
            environment,
            _owned: None,
        };
        gateway.child = Some(gateway.command().spawn().unwrap());
        gateway.wait_until_ready();
        gateway
    }

    /// The command that serves this gateway's folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = floopy(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--config"]).arg(self.folder.join("floopy.toml"));
        command.stdout(Stdio::null()).stderr(std::fs::File::create(self.folder.join("log")).unwrap());
        command
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let address = self.address;
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("the gateway ended with {status}:\n{}", self.log());
            }
            if std::net::TcpStream::connect(address).is_ok() && self.get("/readyz").status == 200 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "not ready within {PATIENCE:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        wait_for("the gateway's end", || child.try_wait().unwrap())
    }

    /// `kill -9`, at once.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts again in the same folder with the same configuration.
    pub(crate) fn restart(&mut self) {
        self.child = Some(self.command().spawn().unwrap());
        self.wait_until_ready();
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::call(self.address, "GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("content-type", "application/json"), ("authorization", "Bearer sk-client")];
        all.extend_from_slice(headers);
        http::call(self.address, "POST", path, &all, body.to_string().as_bytes())
    }

    /// One chat call with one user message.
    pub(crate) fn chat(&self, model: &str, headers: &[(&str, &str)]) -> Answer {
        self.post("/v1/chat/completions", headers, &chat_body(model, false))
    }

    /// The same, streamed.
    pub(crate) fn chat_stream(&self, model: &str, headers: &[(&str, &str)]) -> Answer {
        self.post("/v1/chat/completions", headers, &chat_body(model, true))
    }

    /// The decision of an answer, once it is stored.
    pub(crate) fn decision(&self, answer: &Answer) -> Value {
        let id = answer.header("x-request-id").expect("every answer has an id").to_owned();
        self.decision_by_id(&id)
    }

    /// An answer of any dialect that said "Hello from upstream" has its decision and its session, and the id that its
    /// client knows it by is good for feedback.
    pub(crate) fn remembers(&self, answer: &Answer, endpoint: &str, id: &str) {
        let decision = self.decision(answer);
        let told = decision["decision_trace"]["endpoint"].as_str().or(decision["endpoint"].as_str());
        assert_eq!(told, Some(endpoint));
        assert_eq!(decision["outcome"]["cost_micro_usd"], 1200);
        let session = decision["session_id"].as_str().unwrap();
        let restored = wait_for("the session", || {
            let found = self.get(&format!("/v1/session/{session}"));
            (found.status == 200).then(|| found.json())
        });
        assert_eq!(restored["messages"][2]["content"], "Hello from upstream");
        let rated = self.post("/v1/feedback", &[], &json!({"session_id": id, "score": 9, "useful": true}));
        assert_eq!((rated.status, &rated.json()["session_id"]), (200, &json!(session)), "{}", rated.text());
    }

    pub(crate) fn decision_by_id(&self, id: &str) -> Value {
        wait_for("the decision", || {
            let found = self.get(&format!("/v1/decisions/{id}"));
            (found.status == 200).then(|| found.json())
        })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            eprintln!("the gateway's log:\n{}", self.log());
        }
    }
}

pub(crate) fn chat_body(model: &str, stream: bool) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    if stream {
        body["stream"] = json!(true);
    }
    body
}

/// The executable with a clean environment.
pub(crate) fn floopy(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floopy"));
    command.current_dir(folder).env_clear().env("FAKE_KEY", KEY).env("HOME", folder).stdin(Stdio::null());
    command
}

/// Runs a command to its end: exit code, stdout, stderr.
pub(crate) fn run(mut command: Command) -> (i32, String, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).unwrap();
        text
    });
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let status = wait_for("the command's end", || child.try_wait().unwrap());
    (status.code().unwrap_or(-1), out, reader.join().unwrap())
}
