//! Batches that a provider answers in a batch of its own.

use crate::batch_provider::Provider;
use crate::batches::{becomes, begun, ids, line, lines, shown, written};
use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use serde_json::{Value, json};

/// Prices of what is asked of the provider.
const MODELS: &str = "[[model]]\nid = \"openai/m\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\nmax_output_tokens = 100\n\
     [[model]]\nid = \"anthropic/m\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\nmax_output_tokens = 100\n";

/// Further providers whose files and batches are as OpenAI's.
const ALIKE: [&str; 5] = ["groq", "together", "deepinfra", "nebius", "novita"];

fn config(provider: &Provider, more: &str) -> String {
    let address = provider.address;
    let alike = ALIKE.map(|kind| {
        format!(
            "[provider.{kind}]\nbase_url = \"http://{address}/v1\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
             [[model]]\nid = \"{kind}/m\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\nmax_output_tokens = 100\n"
        )
    });
    format!("{}{}{MODELS}{more}", provider.config(), alike.concat())
}

fn input(model: &str) -> Vec<u8> {
    ["a", "b", "bad", "lost", "busy"].map(|id| line(id, model) + "\n").concat().into_bytes()
}

#[test]
fn a_batch_of_one_model_goes_to_its_provider_and_what_is_left_undone_is_done_here() {
    let alike = ALIKE.map(|kind| (format!("{kind}/m"), 12_000));
    let halved = ["openai/m", "anthropic/m"].map(|model| (model.to_owned(), 6_000));
    for (model, price) in halved.into_iter().chain(alike) {
        let (fake, provider) = (Fake::start(), Provider::start());
        let gateway = Gateway::start(&fake, &config(&provider, ""));
        let id = begun(&gateway, &input(&model));
        wait_for("the batch there", || (provider.shelf().batches() == 1).then_some(()));
        assert_eq!(shown(&gateway, &id)["status"], "in_progress");
        assert_eq!(provider.shelf().single, 0);
        provider.shelf().is_over = true;
        let batch = becomes(&gateway, &id, "completed");
        assert_eq!(batch["request_counts"], json!({"total": 5, "completed": 4, "failed": 1}), "{model}");
        let output = written(&gateway, &batch["output_file_id"]);
        assert_eq!(ids(&output), ["a", "b", "busy", "lost"]);
        for line in &output {
            let there = ["a", "b"].contains(&line["custom_id"].as_str().unwrap());
            let text = &line["response"]["body"]["choices"][0]["message"]["content"];
            assert_eq!(*text, if there { "from a batch" } else { "one by one" });
            let decision = gateway.decision_by_id(line["response"]["request_id"].as_str().unwrap());
            assert_eq!((&decision["batch_id"], &decision["status"]), (&json!(id), &json!("ok")));
            let cost = if there { price } else { 12_000 };
            assert_eq!(decision["cost_micro_usd"], cost, "a batch costs half where that is known: {model}");
        }
        let errors = written(&gateway, &batch["error_file_id"]);
        assert_eq!(ids(&errors), ["bad"]);
        assert_eq!(errors[0]["response"]["status_code"], 400);
        assert_eq!(gateway.decision_by_id(errors[0]["response"]["request_id"].as_str().unwrap())["status"], "error");
        assert_eq!(provider.taken(), (1, 2));
        wait_for("nothing to be left there", || (provider.shelf().files() == 0).then_some(()));
        let left: Vec<_> = std::fs::read_dir(gateway.folder.join("data/files")).unwrap().collect();
        assert_eq!(left.len(), 3, "input, output and errors");
    }
}

#[test]
fn a_killed_gateway_finds_its_batch_again() {
    let (fake, provider) = (Fake::start(), Provider::start());
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, &config(&provider, ""));
    let id = begun(&gateway, &lines(20, "openai/m"));
    for _ in 0..3 {
        wait_for("the batch there", || (provider.shelf().batches() == 1).then_some(()));
        gateway.kill();
        gateway.restart();
    }
    provider.shelf().is_over = true;
    let batch = becomes(&gateway, &id, "completed");
    assert_eq!(batch["request_counts"], json!({"total": 20, "completed": 20, "failed": 0}));
    assert_eq!(ids(&written(&gateway, &batch["output_file_id"])).len(), 20);
    assert_eq!(provider.taken(), (1, 0), "it was made once");
}

#[test]
fn what_a_provider_does_not_take_is_answered_here() {
    let (fake, provider) = (Fake::start(), Provider::start());
    let gateway = Gateway::start(&fake, &config(&provider, ""));
    provider.shelf().refuses = true;
    for model in ["openai/m", "anthropic/m"] {
        let batch = becomes(&gateway, &begun(&gateway, &lines(3, model)), "completed");
        assert_eq!(batch["request_counts"], json!({"total": 3, "completed": 3, "failed": 0}));
    }
    assert_eq!(provider.taken(), (0, 6));
}

#[test]
fn a_cancelled_batch_is_cancelled_there_and_keeps_what_was_answered() {
    for model in ["openai/m", "anthropic/m"] {
        let (fake, provider) = (Fake::start(), Provider::start());
        let gateway = Gateway::start(&fake, &config(&provider, ""));
        let id = begun(&gateway, &input(model));
        wait_for("the batch there", || (provider.shelf().batches() == 1).then_some(()));
        let answer = gateway.post(&format!("/v1/batches/{id}/cancel"), &[], &Value::Null);
        assert_eq!(answer.json()["status"], "cancelling");
        let batch = becomes(&gateway, &id, "cancelled");
        assert_eq!(batch["request_counts"], json!({"total": 5, "completed": 2, "failed": 3}));
        assert_eq!(ids(&written(&gateway, &batch["output_file_id"])), ["a", "b"]);
        let shelf = provider.shelf();
        assert_eq!((shelf.cancelled, shelf.single), (1, 0));
    }
}

#[test]
fn routes_several_models_and_who_does_not_want_it_stay_here() {
    let (fake, provider) = (Fake::start(), Provider::start());
    let route = "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"openai/m\"\n";
    let gateway = Gateway::start(&fake, &config(&provider, route));
    becomes(&gateway, &begun(&gateway, &lines(2, "auto")), "completed");
    let several = [line("a", "openai/m"), line("b", "anthropic/m")].join("\n");
    becomes(&gateway, &begun(&gateway, several.as_bytes()), "completed");
    becomes(&gateway, &begun(&gateway, &lines(2, "up/cheap")), "completed");
    assert_eq!(provider.taken(), (0, 4));

    let here = config(&provider, "").replace("[batches]\n", "[batches]\nforward = false\n");
    let gateway = Gateway::start(&fake, &here);
    becomes(&gateway, &begun(&gateway, &lines(2, "openai/m")), "completed");
    assert_eq!(provider.taken(), (0, 6));
}
