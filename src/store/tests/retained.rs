//! What is kept of a request, in the form of today and in the one before.

use super::*;
use crate::store::retained::{pack, unpack};
use serde_json::json;

fn kept() -> Recorded {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"ada@example.org"}],"user":"ada@example.org"}"#;
    let start = body.find('[').unwrap();
    let end = body.find(']').unwrap() + 1;
    let mut one = recorded(decision("a", "s", 5));
    one.messages = Some(bytes::Bytes::copy_from_slice(&body.as_bytes()[start..end]));
    one.answer = Some(r#"{"role":"assistant","content":"ok"}"#.to_owned());
    one.around = Some(Around {
        body: bytes::Bytes::from(body),
        messages: start..end,
        headers: vec![("floopy-user-id".to_owned(), "ada@example.org".to_owned())],
        finish: Some("stop"),
    });
    one
}

#[tokio::test]
async fn a_request_is_kept_whole_and_scrubbed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let one = kept();
    let (id, org) = (one.decision.request_id, OrgId::from("a"));
    store.record(one).unwrap();
    store.record(recorded(decision("a", "s", 6))).unwrap();
    store.flush().await.unwrap();
    let found = store.retained(&org, id).unwrap().unwrap();
    let messages = json!([{"role": "user", "content": "[email]"}]);
    assert_eq!(found.body, json!({"model": "m", "user": "[email]", "messages": messages}));
    assert_eq!(found.headers["floopy-user-id"], "[email]");
    assert_eq!(found.message, Some(json!({"role": "assistant", "content": "ok"})));
    assert_eq!(found.finish_reason.as_deref(), Some("stop"));
    assert_eq!(store.session(&org, "s").unwrap().unwrap().messages.len(), 2, "the session is restored from it");
    assert_eq!(store.retained(&OrgId::from("b"), id).unwrap(), None);
}

#[tokio::test]
async fn without_texts_there_is_no_request_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let one = recorded(decision("a", "s", 5));
    let id = one.decision.request_id;
    store.record(one).unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.retained(&OrgId::from("a"), id).unwrap(), None);
}

#[test]
fn the_earlier_form_is_read_and_a_cut_is_noticed() {
    let earlier = [&2_u64.to_be_bytes()[..], b"[]", b"{}"].concat();
    let read = unpack(&earlier).unwrap();
    assert_eq!((read.messages, read.answer), ("[]", "{}"));
    let today = pack(&kept()).unwrap().unwrap();
    for cut in 0..today.len() {
        assert!(unpack(&today[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(unpack(&today).unwrap().answer, r#"{"role":"assistant","content":"ok"}"#);
}
