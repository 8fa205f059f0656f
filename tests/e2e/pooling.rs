//! What orgs of one installation learn from each other, and that they can stop.

use crate::fake::Fake;
use crate::harness::{Gateway, chat_body, wait_for};
use crate::http::{Answer, call};
use serde_json::{Value, json};
use sha2::Digest as _;

/// Orgs that teach; one more begins with what they know. As many as it takes for the noise to leave something to publish
/// in all but one of some ten thousand runs.
const TEACHERS: usize = 30;
/// Rated calls of each: more than the pool counts of one org.
const CALLS: usize = 60;

fn teachers() -> impl Iterator<Item = String> {
    (0..TEACHERS).map(|number| format!("org{number}"))
}

/// A provider of a listed kind, a route over two listed models, and a key for each org.
fn settings(fake: &Fake, more: &str) -> String {
    let keys: String = teachers()
        .chain(["newcomer".to_owned()])
        .map(|org| {
            let digest = sha2::Sha256::digest(format!("fl_{org}"));
            let sha: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                "[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\", \"admin\"]\n"
            )
        })
        .collect();
    format!(
        "[provider.openai]\nbase_url = \"http://{}/v1\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
         [[model]]\nid = \"openai/secret-project\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 1.0\n\
         [[route]]\nname = \"auto\"\nstrategy = \"feedback_driven\"\nsticky = \"request\"\n\
         default_model = \"openai/gpt-4o\"\ncandidates = [\"openai/gpt-4o-mini\"]\n\
         [[route]]\nname = \"private\"\nstrategy = \"feedback_driven\"\nsticky = \"request\"\n\
         default_model = \"openai/secret-project\"\ncandidates = [\"openai/gpt-4o-mini\"]\n{keys}{more}",
        fake.address
    )
}

fn send(gateway: &Gateway, org: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer fl_{org}");
    call(gateway.address, method, path, &[("authorization", &bearer)], body.to_string().as_bytes())
}

/// So many rated calls of an org on a route.
fn teach(gateway: &Gateway, org: &str, route: &str, calls: usize) {
    for _ in 0..calls {
        let answer = send(gateway, org, "POST", "/v1/chat/completions", &chat_body(route, false));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.header("x-request-id").unwrap();
        let vote = json!({"request_id": id, "score": 9, "useful": true});
        let receipt = send(gateway, org, "POST", "/v1/feedback", &vote);
        assert_eq!(receipt.status, 200, "{}", receipt.text());
    }
}

fn priors(gateway: &Gateway, org: &str) -> Value {
    send(gateway, org, "GET", "/v1/priors", &Value::Null).json()
}

fn cells(gateway: &Gateway, org: &str) -> Vec<Value> {
    priors(gateway, org)["cells"].as_array().unwrap().clone()
}

/// Whether a pooled prior has a part in what a call of this org would get.
fn uses_the_pool(gateway: &Gateway, org: &str) -> bool {
    let answer = send(gateway, org, "POST", "/v1/chat/completions", &chat_body("auto", false));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let decision = wait_for("the decision", || {
        let found = send(gateway, org, "GET", &format!("/v1/decisions/{id}"), &Value::Null);
        (found.status == 200).then(|| found.json())
    });
    if decision["used_shared_pool_prior"] == true {
        assert!(decision["confidence"].as_f64().unwrap() <= 0.8, "{decision}");
    }
    decision["used_shared_pool_prior"] == true
}

fn start_again(gateway: &mut Gateway) {
    gateway.signal("TERM");
    gateway.wait();
    gateway.restart();
}

#[test]
fn orgs_learn_from_each_other_until_they_leave() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, &settings(&fake, "[priors]\nmin_orgs = 3\n"));
    let contributes = |gateway: &Gateway, org: &str| priors(gateway, org)["contributed_cells"].as_u64() > Some(0);
    for org in ["org0", "org1"] {
        teach(&gateway, org, "auto", CALLS);
        wait_for("it to contribute", || contributes(&gateway, org).then_some(()));
    }
    start_again(&mut gateway);
    assert_eq!(cells(&gateway, "org0"), [] as [Value; 0], "two orgs are too few");
    assert!(!uses_the_pool(&gateway, "newcomer"));

    let others: Vec<String> = teachers().skip(2).collect();
    std::thread::scope(|scope| {
        for org in teachers() {
            teach(&gateway, &org, "private", 2);
        }
        for some in others.chunks(TEACHERS / 4) {
            let gateway = &gateway;
            scope.spawn(move || some.iter().for_each(|org| teach(gateway, org, "auto", CALLS)));
        }
    });
    start_again(&mut gateway);
    let published = wait_for("a cell", || Some(cells(&gateway, "org0")).filter(|cells| !cells.is_empty()));
    let names: Vec<&Value> = published.iter().map(|cell| &cell["model"]).collect();
    assert!(names.contains(&&json!("gpt-4o")) || names.contains(&&json!("gpt-4o-mini")), "{published:?}");
    assert!(!names.contains(&&json!("secret-project")), "a name of an operator's own is not published");
    for cell in &published {
        assert_eq!(cell["provider"], "openai");
        assert!((0.0..=1.0).contains(&cell["quality"].as_f64().unwrap()), "{cell}");
        assert!(cell["pseudo_samples"].as_f64() <= Some(20.0), "{cell}");
        assert_eq!(cell.as_object().unwrap().len(), 5, "nothing else is published: {cell}");
    }
    assert!(uses_the_pool(&gateway, "newcomer"), "a new org begins with what the others know");
    assert_eq!(priors(&gateway, "newcomer")["contributed_cells"], 0);

    let off = send(&gateway, "newcomer", "PUT", "/v1/priors", &json!({"pooling": false}));
    assert_eq!(off.status, 200, "{}", off.text());
    wait_for("the pool to be out of its decisions", || (!uses_the_pool(&gateway, "newcomer")).then_some(()));

    gateway.kill();
    gateway.restart();
    assert_eq!(cells(&gateway, "org0"), published, "a restart draws no new noise");
    // A cell goes with the first of its contributors; not everybody is part of every cell.
    for org in teachers() {
        let off = send(&gateway, &org, "PUT", "/v1/priors", &json!({"pooling": false}));
        assert_eq!(off.status, 200, "{}", off.text());
        wait_for("it to be gone", || (priors(&gateway, &org)["contributed_cells"] == 0).then_some(()));
    }
    assert_eq!(cells(&gateway, "newcomer"), [] as [Value; 0], "what was published with them is withdrawn");
}

#[test]
fn an_installation_that_does_not_pool_publishes_and_uses_nothing() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, &settings(&fake, "[priors]\nmin_orgs = 2\npooling = false\n"));
    for org in ["org0", "org1", "org2"] {
        teach(&gateway, org, "auto", 20);
    }
    start_again(&mut gateway);
    let seen = priors(&gateway, "org0");
    assert_eq!((&seen["pooling"], &seen["contributed_cells"], &seen["cells"]), (&json!(false), &json!(0), &json!([])));
    assert!(!uses_the_pool(&gateway, "newcomer"));
}
