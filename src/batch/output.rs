//! What a line came to: one line of the output file, or of the error file. Written once, and read back by a process
//! that goes on with the batch.

use super::crew::Told;
use super::input::Job;
use crate::base::BatchId;
use crate::resource::batch::BatchUsage;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The answer of an endpoint.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) request_id: String,
    pub(super) body: Bytes,
    /// When to come back, where that was said.
    pub(super) retry_after: Option<std::time::Duration>,
}

impl Reply {
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Told for Reply {
    fn told(&self) -> (u16, Option<std::time::Duration>) {
        (self.status, self.retry_after)
    }
}

#[derive(Serialize)]
struct Response<'a> {
    status_code: u16,
    request_id: &'a str,
    body: &'a RawValue,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    custom_id: &'a str,
    response: Option<Response<'a>>,
    error: Option<Failure<'a>>,
}

fn written(line: &Line<'_>) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("strings, numbers and JSON always serialize");
    bytes.push(b'\n');
    bytes
}

/// The text of a body on one line: line breaks stand only between the tokens of JSON. What is no JSON becomes a text.
fn on_one_line(body: &[u8]) -> Box<RawValue> {
    let flat: Vec<u8> = body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect();
    let json = String::from_utf8(flat).ok().and_then(|text| RawValue::from_string(text).ok());
    json.unwrap_or_else(|| {
        serde_json::value::to_raw_value(&String::from_utf8_lossy(body)).expect("a text always serializes")
    })
}

/// The line of one that was answered, well or badly.
pub(super) fn answered(batch: &BatchId, job: &Job, reply: &Reply) -> Vec<u8> {
    let body = on_one_line(&reply.body);
    let response = Response { status_code: reply.status, request_id: &reply.request_id, body: &body };
    let id = batch.line(job.number);
    written(&Line { id, custom_id: &job.custom_id, response: Some(response), error: None })
}

/// The line of one that was never answered.
pub(super) fn unanswered(batch: &BatchId, job: &Job, code: &str, message: &str) -> Vec<u8> {
    let id = batch.line(job.number);
    written(&Line { id, custom_id: &job.custom_id, response: None, error: Some(Failure { code, message }) })
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: u64,
    #[serde(default)]
    reasoning_tokens: u64,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, alias = "input_tokens")]
    prompt_tokens: u64,
    #[serde(default, alias = "output_tokens")]
    completion_tokens: u64,
    #[serde(alias = "input_tokens_details")]
    prompt_tokens_details: Option<Details>,
    #[serde(alias = "output_tokens_details")]
    completion_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Body {
    usage: Option<Usage>,
}

/// The tokens that an answer tells of.
pub(super) fn usage(body: &[u8]) -> BatchUsage {
    let usage = serde_json::from_slice::<Body>(body).ok().and_then(|body| body.usage);
    usage.map_or_else(BatchUsage::default, |usage| BatchUsage {
        input: usage.prompt_tokens,
        cached: usage.prompt_tokens_details.map_or(0, |details| details.cached_tokens),
        output: usage.completion_tokens,
        reasoning: usage.completion_tokens_details.map_or(0, |details| details.reasoning_tokens),
    })
}

#[derive(Deserialize)]
struct ReadResponse<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct ReadLine<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    response: Option<ReadResponse<'a>>,
}

/// The number and the tokens of a line that was written; `None` for what is no whole line of ours.
pub(super) fn read_back(batch: &BatchId, line: &[u8]) -> Option<(u32, BatchUsage)> {
    let line: ReadLine<'_> = serde_json::from_slice(line).ok()?;
    let (_, number) = line.id.rsplit_once('_')?;
    let number = number.parse().ok().filter(|number| batch.line(*number) == line.id)?;
    Some((number, line.response.map_or_else(BatchUsage::default, |response| usage(response.body.get().as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn job() -> Job {
        Job { number: 7, custom_id: "a\"\n".into(), body: Bytes::new(), tries: 0 }
    }

    fn reply(body: &'static str) -> Reply {
        Reply { status: 200, request_id: "r".into(), body: Bytes::from_static(body.as_bytes()), retry_after: None }
    }

    #[test]
    fn a_line_is_one_line_and_is_read_back() {
        let batch = BatchId::draw(Timestamp(0));
        let body = "{\n \"id\": \"c\\n\",\r\n \"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": 3,\
                    \"prompt_tokens_details\": {\"cached_tokens\": 2}, \"completion_tokens_details\": {\"reasoning_tokens\": 1}}}";
        let line = answered(&batch, &job(), &reply(body));
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let usage = BatchUsage { input: 5, cached: 2, output: 3, reasoning: 1 };
        assert_eq!(read_back(&batch, &line), Some((7, usage)));
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["custom_id"], "a\"\n");
        assert_eq!(json["response"]["body"]["id"], "c\n");
        assert!(json["error"].is_null());
        assert_eq!(read_back(&BatchId::draw(Timestamp(0)), &line), None, "of another batch");
        assert_eq!(read_back(&batch, &line[..line.len() - 3]), None, "torn");
    }

    #[test]
    fn what_is_no_json_becomes_a_text() {
        let batch = BatchId::draw(Timestamp(0));
        let line = answered(&batch, &job(), &reply("<html>\nno\n</html>"));
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["response"]["body"], "<html>\nno\n</html>");
        assert_eq!(read_back(&batch, &line), Some((7, BatchUsage::default())));
        let line = unanswered(&batch, &job(), "batch_expired", "too late");
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert!(json["response"].is_null());
        assert_eq!(json["error"]["code"], "batch_expired");
        assert_eq!(read_back(&batch, &line), Some((7, BatchUsage::default())));
    }
}
