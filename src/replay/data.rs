//! Recorded outcomes: what many models made of the same items, one JSON object a line.
//!
//! ```text
//! {"name": "...", "kind": "request|session", "models": [...], "columns": ["quality", "cost_usd", ...], "baseline": "..."}
//! {"id": "...", "domain": "...", "prompt": "...", "prompt_chars": 642, "out": [[1.0, 0.0076, 387, 24, 1], null, ...]}
//! ```
//!
//! `out` is in the order of `models`, an outcome in the order of `columns`; `null` = not recorded.

use serde::Deserialize;

/// Whether an item is one request or one session of many calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One request.
    Request,
    /// A session.
    Session,
}

/// A file of recorded outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Its name.
    pub name: String,
    /// What an item is.
    pub kind: Kind,
    /// The models, in the order of the outcomes.
    pub models: Vec<String>,
    /// The model that stands for what is used today.
    pub baseline: Option<String>,
    /// The items.
    pub items: Vec<Item>,
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Kind of task, or project: a session's tag.
    pub domain: String,
    /// The prompt, or its end.
    pub prompt: String,
    /// Characters of the whole prompt.
    pub characters: usize,
    /// One outcome for each model, where there is one with a quality and a cost.
    pub outcomes: Vec<Option<Outcome>>,
}

/// What one model made of one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// 0..1.
    pub quality: f64,
    /// In the file's own unit.
    pub cost: f64,
    /// Tokens in; 0 = not recorded.
    pub input: f64,
    /// Calls of the session.
    pub calls: f64,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    name: String,
    kind: Option<Kind>,
    models: Vec<String>,
    baseline: Option<String>,
    #[serde(default = "columns")]
    columns: Vec<String>,
}

fn columns() -> Vec<String> {
    ["quality", "cost_usd", "input_tokens", "output_tokens", "llm_calls"].map(str::to_owned).to_vec()
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    prompt: String,
    prompt_chars: Option<usize>,
    out: Vec<Option<Vec<Option<f64>>>>,
}

/// Where each number of an outcome stands.
struct Places {
    quality: usize,
    cost: usize,
    input: Option<usize>,
    calls: Option<usize>,
}

impl Places {
    fn of(columns: &[String]) -> Result<Self, String> {
        let place = |name: &str| columns.iter().position(|column| column == name);
        let needed = |name: &str| place(name).ok_or_else(|| format!("`columns` of the header has no `{name}`"));
        let cost = place("cost_usd").or_else(|| place("cost"));
        Ok(Self {
            quality: needed("quality")?,
            cost: cost.ok_or("`columns` of the header has no `cost_usd`")?,
            input: place("input_tokens"),
            calls: place("llm_calls"),
        })
    }

    fn read(&self, numbers: &[Option<f64>]) -> Option<Outcome> {
        let at = |place: usize| numbers.get(place).copied().flatten().filter(|number| number.is_finite());
        Some(Outcome {
            quality: at(self.quality)?,
            cost: at(self.cost)?,
            input: self.input.and_then(at).unwrap_or(0.0),
            calls: self.calls.and_then(at).unwrap_or(1.0).max(1.0),
        })
    }
}

impl Recording {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first line that is not as the format says.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut lines =
            text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|line| !line.1.trim().is_empty());
        let fault = |line: usize, what: String| Fault { line, what };
        let Some((line, first)) = lines.next() else { return Err(fault(1, "the file is empty".to_owned())) };
        let header: Header = serde_json::from_str(first)
            .map_err(|error| fault(line, format!("the header is not an object with `models` and `kind`: {error}")))?;
        if header.models.len() < 2 {
            return Err(fault(line, "the header names fewer than two models".to_owned()));
        }
        let places = Places::of(&header.columns).map_err(|what| fault(line, what))?;
        let mut items = Vec::new();
        for (line, text) in lines {
            let item: Line =
                serde_json::from_str(text).map_err(|error| fault(line, format!("not an item: {error}")))?;
            if item.out.len() != header.models.len() {
                let what = format!("`out` has {} outcomes, the header {} models", item.out.len(), header.models.len());
                return Err(fault(line, what));
            }
            let outcomes: Vec<Option<Outcome>> =
                item.out.iter().map(|out| out.as_deref().and_then(|numbers| places.read(numbers))).collect();
            let odd = |outcome: &Outcome| !(0.0..=1.0).contains(&outcome.quality) || outcome.cost < 0.0;
            if let Some(outcome) = outcomes.iter().flatten().find(|outcome| odd(outcome)) {
                let what = format!(
                    "quality must be 0..1 and cost not negative, found {} and {}",
                    outcome.quality, outcome.cost
                );
                return Err(fault(line, what));
            }
            let characters = item.prompt_chars.unwrap_or_else(|| item.prompt.chars().count());
            items.push(Item { id: item.id, domain: item.domain, prompt: item.prompt, characters, outcomes });
        }
        if items.is_empty() {
            return Err(fault(line, "no item follows the header".to_owned()));
        }
        Ok(Self {
            name: header.name,
            kind: header.kind.unwrap_or(Kind::Request),
            models: header.models,
            baseline: header.baseline,
            items,
        })
    }
}
