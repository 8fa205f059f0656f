//! The input of a batch: a request on each line.

use super::crew::Tried;
use super::endpoint::Endpoint;
use crate::base::limits;
use crate::resource::batch::BatchError;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_128;

/// Lines of a text, numbered from 1 on. Empty ones are counted and left out.
#[derive(Debug)]
pub(super) struct Lines<R = BufReader<File>> {
    reader: R,
    number: u32,
    read: u64,
}

impl Lines {
    /// Bytes of the file up to the end of the last line that was given.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::of(BufReader::with_capacity(64 << 10, File::open(path)?)))
    }
}

impl<R: BufRead> Lines<R> {
    /// The lines of what is read.
    pub(super) fn of(reader: R) -> Self {
        Self { reader, number: 0, read: 0 }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<(u32, Vec<u8>)>;

    /// A line that is too long is cut: it is longer than [`limits::MAX_BATCH_LINE`] still.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            let most = limits::MAX_BATCH_LINE as u64 + 2;
            match (&mut self.reader).take(most).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(read) => {
                    self.number = self.number.saturating_add(1);
                    self.read += read as u64;
                }
                Err(error) => return Some(Err(error)),
            }
            if !line.trim_ascii().is_empty() {
                return Some(Ok((self.number, line)));
            }
        }
    }
}

/// A line as it is written.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    custom_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// What of a line's body every endpoint has.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    stream: Option<bool>,
}

/// A line that can be answered.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Its place in the file, from 1 on.
    pub(super) number: u32,
    pub(super) custom_id: String,
    pub(super) body: Bytes,
    /// How often it has failed by nobody's fault here.
    pub(super) tries: u32,
}

impl Tried for Job {
    fn tries(&mut self) -> &mut u32 {
        &mut self.tries
    }
}

fn wrong(line: u32, code: &str, param: Option<&str>, message: impl Into<String>) -> BatchError {
    BatchError { code: code.into(), message: message.into(), param: param.map(str::to_owned), line: Some(line) }
}

fn missing(line: u32, param: &str, takes: &str) -> BatchError {
    wrong(line, "missing_required_parameter", Some(param), format!("{param} is missing: it takes {takes}"))
}

/// Reads a line; its model beside it.
pub(super) fn read(number: u32, line: &[u8], endpoint: Endpoint) -> Result<(Job, String), BatchError> {
    if line.len() > limits::MAX_BATCH_LINE + 1 {
        let message = format!("the line is longer than {} bytes: split the request", limits::MAX_BATCH_LINE);
        return Err(wrong(number, "line_too_long", None, message));
    }
    let not_json = |error: &serde_json::Error| {
        let message = format!("the line is not one JSON object with custom_id, method, url and body: {error}");
        wrong(number, "invalid_json_line", None, message)
    };
    let written: Written<'_> = serde_json::from_slice(line).map_err(|error| not_json(&error))?;
    let custom_id = written.custom_id.filter(|id| !id.is_empty());
    let custom_id = custom_id.ok_or_else(|| missing(number, "custom_id", "a text that no other line has"))?;
    if custom_id.len() > limits::MAX_CUSTOM_ID {
        let message = format!("custom_id takes at most {} bytes", limits::MAX_CUSTOM_ID);
        return Err(wrong(number, "invalid_value", Some("custom_id"), message));
    }
    match written.method.as_deref() {
        Some("POST") => {}
        None => return Err(missing(number, "method", "POST")),
        Some(_) => return Err(wrong(number, "invalid_method", Some("method"), "method takes POST")),
    }
    match written.url.as_deref() {
        Some(url) if url == endpoint.path() => {}
        None => return Err(missing(number, "url", endpoint.path())),
        Some(_) => {
            let message = format!("url has to be the batch's endpoint, {}", endpoint.path());
            return Err(wrong(number, "invalid_url", Some("url"), message));
        }
    }
    let body = written.body.filter(|body| body.get().starts_with('{'));
    let body = body.ok_or_else(|| missing(number, "body", "the request, one JSON object"))?;
    let asked: Asked<'_> = serde_json::from_str(body.get())
        .map_err(|error| wrong(number, "invalid_value", Some("body"), format!("the body cannot be read: {error}")))?;
    let model = asked.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| missing(number, "body.model", "a model or a route"))?;
    if asked.stream == Some(true) {
        let message = "a batch has nobody to stream to: leave stream out";
        return Err(wrong(number, "unsupported_parameter", Some("body.stream"), message));
    }
    let body = Bytes::copy_from_slice(body.get().as_bytes());
    Ok((Job { number, custom_id: custom_id.into_owned(), body, tries: 0 }, model.into_owned()))
}

/// What a whole input comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// Lines.
    pub(super) total: u32,
    /// Their model, where it is one.
    pub(super) model: Option<String>,
}

/// Reads a whole input; all its mistakes, up to [`limits::MAX_BATCH_ERRORS`] of them.
pub(super) fn check(lines: Lines, endpoint: Endpoint) -> io::Result<Result<Checked, Vec<BatchError>>> {
    let (mut total, mut model, mut same) = (0_u32, None, true);
    let (mut known, mut errors) = (HashSet::new(), Vec::new());
    for line in lines {
        let (number, line) = line?;
        total += 1;
        if total > limits::MAX_BATCH_LINES {
            let message = format!("a batch takes at most {} lines: make several", limits::MAX_BATCH_LINES);
            errors.push(wrong(number, "too_many_lines", None, message));
            break;
        }
        match read(number, &line, endpoint) {
            Ok((job, asked)) => {
                if !known.insert(xxh3_128(job.custom_id.as_bytes())) {
                    let message = "another line has this custom_id: it has to be the only one";
                    errors.push(wrong(number, "duplicate_custom_id", Some("custom_id"), message));
                }
                same &= model.get_or_insert_with(|| asked.clone()) == &asked;
            }
            Err(error) => {
                let is_last = error.code == "line_too_long";
                errors.push(error);
                if is_last {
                    break;
                }
            }
        }
        if errors.len() >= limits::MAX_BATCH_ERRORS {
            break;
        }
    }
    if total == 0 {
        let message = "the input file has no lines: it takes one request a line".to_owned();
        errors.push(BatchError { code: "empty_file".into(), message, param: None, line: None });
    }
    Ok(if errors.is_empty() { Ok(Checked { total, model: model.filter(|_| same) }) } else { Err(errors) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn checked(text: &[u8]) -> Result<Checked, Vec<BatchError>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        check(Lines::open(file.path()).unwrap(), Endpoint::Chat).unwrap()
    }

    fn line(id: &str, model: &str) -> String {
        format!(
            r#"{{"custom_id":"{id}","method":"POST","url":"/v1/chat/completions","body":{{"model":"{model}","messages":[]}}}}"#
        )
    }

    #[test]
    fn good_lines_are_counted_and_blank_ones_are_not() {
        let text = format!("{}\n\n  \r\n{}\r\n{}", line("a", "m"), line("b", "m"), line("é\\u0000", "m"));
        assert_eq!(checked(text.as_bytes()), Ok(Checked { total: 3, model: Some("m".into()) }));
        let text = format!("{}\n{}", line("a", "m"), line("b", "n"));
        assert_eq!(checked(text.as_bytes()), Ok(Checked { total: 2, model: None }));
    }

    #[test]
    fn each_mistake_has_its_line_code_and_param() {
        let good = line("a", "m");
        let long = "x".repeat(limits::MAX_CUSTOM_ID + 1);
        for (text, code, param) in [
            ("nonsense".to_owned(), "invalid_json_line", None),
            ("[1]".to_owned(), "invalid_json_line", None),
            ("{}".to_owned(), "missing_required_parameter", Some("custom_id")),
            (good.replace("\"a\"", "7"), "invalid_json_line", None),
            (good.replace("\"a\"", "\"\""), "missing_required_parameter", Some("custom_id")),
            (good.replace("\"a\"", &format!("\"{long}\"")), "invalid_value", Some("custom_id")),
            (good.replace("POST", "GET"), "invalid_method", Some("method")),
            (good.replace("/v1/chat/completions", "/v1/embeddings"), "invalid_url", Some("url")),
            (good.replace("\"body\"", "\"bodi\""), "missing_required_parameter", Some("body")),
            (good.replace("\"m\"", "\"\""), "missing_required_parameter", Some("body.model")),
            (
                good.replace("\"messages\"", "\"stream\":true,\"messages\""),
                "unsupported_parameter",
                Some("body.stream"),
            ),
            (good.replace("\"m\"", "7"), "invalid_value", Some("body")),
        ] {
            let errors = checked(format!("{}\n{text}\n", line("first", "m")).as_bytes()).unwrap_err();
            assert_eq!(errors.len(), 1, "{text}");
            assert_eq!((errors[0].code.as_str(), errors[0].line), (code, Some(2)), "{text}");
            assert_eq!(errors[0].param.as_deref(), param, "{text}");
        }
    }

    #[test]
    fn ids_are_unique_and_files_are_neither_empty_nor_endless() {
        let errors = checked(format!("{0}\n{0}\n", line("a", "m")).as_bytes()).unwrap_err();
        assert_eq!((errors[0].code.as_str(), errors[0].line), ("duplicate_custom_id", Some(2)));
        assert_eq!(checked(b"\n\n").unwrap_err()[0].code, "empty_file");
        let errors = checked("x\n".repeat(1000).as_bytes()).unwrap_err();
        assert_eq!(errors.len(), limits::MAX_BATCH_ERRORS);
        let errors = checked(&vec![b'x'; limits::MAX_BATCH_LINE + 100]).unwrap_err();
        assert_eq!((errors.len(), errors[0].code.as_str()), (1, "line_too_long"));
        let mut many = String::new();
        for number in 0..=limits::MAX_BATCH_LINES {
            many.push_str(&line(&number.to_string(), "m"));
            many.push('\n');
        }
        assert_eq!(checked(many.as_bytes()).unwrap_err()[0].code, "too_many_lines");
    }
}
