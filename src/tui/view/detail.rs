//! One decision with all that it weighed: who could have served, who could not, from what, and what came of it.

use super::read::{UNKNOWN, count, gate, items, millis, money_at, number, percent, quality, status_tone, text};
use crate::base::Timestamp;
use crate::base::human::ago;
use crate::tui::app::{App, Opened};
use crate::tui::canvas::{Canvas, cell, wrap};
use crate::tui::theme::Tone;
use serde_json::Value;

/// One line: pieces with their tones.
pub(crate) type Line = Vec<(String, Tone)>;

pub(crate) fn draw(app: &App, open: &Opened, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel(&format!("Decision {}", open.id));
    let Some(value) = open.slot.value() else {
        inside.wrapped(0, 0, &open.slot.absent(), Tone::Dim);
        return;
    };
    let lines = lines(value, app.now, app.size.0);
    let room = usize::from(inside.height());
    let start = open.at.min(lines.len().saturating_sub(room));
    for (line, y) in lines.iter().skip(start).zip(0..inside.height()) {
        let mut x = 0;
        for (text, tone) in line {
            x = inside.text(x, y, text, *tone);
        }
    }
    if start + room < lines.len() {
        let (end, bottom) = (inside.width(), inside.height().saturating_sub(1));
        inside.right(end, bottom, " ↓ more ", Tone::Accent);
    }
}

/// Every line of a decision at this width of the screen.
pub(crate) fn lines(value: &Value, now: Timestamp, width: u16) -> Vec<Line> {
    let room = width.saturating_sub(4).max(20);
    let mut out = Vec::new();
    summary(value, now, room, &mut out);
    candidates(value, room, &mut out);
    knowledge(value, &mut out);
    credits(value, &mut out);
    attempts(value, &mut out);
    chain(value, &mut out);
    out
}

fn title(out: &mut Vec<Line>, text: &str, legend: &str) {
    out.push(Vec::new());
    out.push(vec![(text.to_owned(), Tone::Accent), (format!("  {legend}"), Tone::Dim)]);
}

fn pair(name: &str, value: String, tone: Tone) -> Line {
    vec![(format!("{name:<12}"), Tone::Dim), (value, tone)]
}

fn summary(value: &Value, now: Timestamp, room: u16, out: &mut Vec<Line>) {
    for line in wrap(&text(value, "/explanation"), room) {
        out.push(vec![(line, Tone::Bold)]);
    }
    out.push(Vec::new());
    let status = text(value, "/status");
    let at = text(value, "/request_created_at");
    let age = at.parse().map(|at| ago(at, now)).unwrap_or_default();
    let code = text(value, "/error_code");
    let code = if code == UNKNOWN { String::new() } else { format!(" ({code})") };
    out.push(pair("status", format!("{status}{code}"), status_tone(&status)));
    out.push(pair("served by", format!("{}/{}", text(value, "/provider"), text(value, "/model")), Tone::Plain));
    out.push(pair("reason", format!("{}, {}", text(value, "/floopy_reason"), text(value, "/reason")), Tone::Plain));
    out.push(pair("route", format!("{} ({})", text(value, "/route"), text(value, "/routing_strategy")), Tone::Plain));
    out.push(pair("when", format!("{at} ({age})"), Tone::Plain));
    let first = millis(value.pointer("/outcome/ttft_ms").and_then(Value::as_u64));
    let whole = millis(value.pointer("/latency_ms").and_then(Value::as_u64));
    out.push(pair("took", format!("{whole}, first byte after {first}"), Tone::Plain));
    out.push(pair(
        "tokens",
        format!(
            "{} in ({} from the provider's cache), {} out",
            count(value, "/outcome/input_tokens"),
            count(value, "/outcome/cached_input_tokens"),
            count(value, "/outcome/output_tokens")
        ),
        Tone::Plain,
    ));
    out.push(pair(
        "cost",
        format!(
            "{}; the default model: {}; saved {}",
            money_at(value, "/cost_micro_usd"),
            money_at(value, "/outcome/baseline_cost_micro_usd"),
            money_at(value, "/outcome/saved_micro_usd")
        ),
        Tone::Plain,
    ));
    out.push(pair("session", text(value, "/session_id"), Tone::Plain));
}

fn candidates(value: &Value, room: u16, out: &mut Vec<Line>) {
    title(out, "Who could serve", "quality 0 to 100 with its lower bound; chance of being chosen");
    let served = text(value, "/model");
    let bar_room = room.saturating_sub(86).clamp(0, 40);
    for candidate in items(value, "/candidates") {
        let model = text(candidate, "/model");
        let mark = if model == served { "▶ " } else { "  " };
        let mut line = vec![
            (mark.to_owned(), Tone::Good),
            (format!("{:<34.34}", format!("{}/{model}", text(candidate, "/provider"))), Tone::Plain),
            (format!("{:>6}", quality(number(candidate, "/quality"))), Tone::Bold),
            (format!(" ≥{:<5}", quality(number(candidate, "/quality_lower"))), Tone::Dim),
            (format!("{:>8} seen", count(candidate, "/samples")), Tone::Dim),
            (format!("{:>11}", money_at(candidate, "/expected_cost_micro_usd")), Tone::Plain),
            (format!("{:>9}", percent(number(candidate, "/propensity"))), Tone::Bold),
        ];
        if bar_room > 0 {
            line.push(("  ".into(), Tone::Plain));
            line.push(interval(number(candidate, "/quality_lower"), number(candidate, "/quality"), bar_room));
        }
        out.push(line);
    }
    let filtered = items(value, "/filtered");
    if !filtered.is_empty() {
        title(out, "Who could not, and which gate said so", "");
    }
    for refused in filtered {
        let reason = text(refused, "/reason");
        out.push(vec![
            ("✗ ".into(), Tone::Bad),
            (format!("{:<34.34}", format!("{}/{}", text(refused, "/provider"), text(refused, "/model"))), Tone::Plain),
            (gate(&reason).to_owned(), Tone::Warn),
        ]);
    }
}

/// An interval on a scale of 0..1: from the lower bound to the expected value.
pub(crate) fn interval(lower: Option<f64>, mean: Option<f64>, room: u16) -> (String, Tone) {
    let Some(mean) = mean else { return ("·".repeat(usize::from(room)), Tone::Border) };
    let (from, to) = (cell(lower.unwrap_or(mean), room), cell(mean, room));
    let sign = |at: u16| match at {
        at if at == to => '●',
        at if at >= from && at < to => '━',
        _ => '·',
    };
    ((0..room).map(sign).collect(), Tone::Accent)
}

fn knowledge(value: &Value, out: &mut Vec<Line>) {
    title(out, "What the choice rests on", "where the knowledge of the chosen model comes from");
    let weight = |name: &str| percent(number(value, &format!("/weights/{name}")));
    out.push(pair(
        "weights",
        format!(
            "sessions' ratings {}, automatic scores {}, ratings by hand {}, benchmarks {}",
            weight("session"),
            weight("auto"),
            weight("manual"),
            weight("benchmark")
        ),
        Tone::Plain,
    ));
    let phase = text(value, "/phase");
    out.push(pair("phase", super::read::phase(&phase).to_owned(), Tone::Plain));
    out.push(pair(
        "confidence",
        format!("{} of 100 ({})", quality(number(value, "/confidence")), text(value, "/confidence_reason")),
        Tone::Plain,
    ));
    if !value["floor"].is_null() {
        out.push(pair(
            "floor",
            format!(
                "{} of the default model's quality; held with {} certainty; account {:.2} → {:.2}",
                percent(number(value, "/floor/floor")),
                percent(number(value, "/floor/probability")),
                number(value, "/floor/before").unwrap_or(0.0),
                number(value, "/floor/after").unwrap_or(0.0)
            ),
            Tone::Plain,
        ));
    }
    if !value["switch"].is_null() {
        let lost = count(value, "/switch/lost_cached_tokens");
        let from = text(value, "/switch/from/model");
        let cost = money_at(value, "/switch/cost_micro_usd");
        out.push(pair("moved", format!("from {from}: {lost} cached tokens lost, {cost}"), Tone::Warn));
    }
}

fn credits(value: &Value, out: &mut Vec<Line>) {
    title(out, "What it was worth", "scores 0 to 100; credit = this call's share of an outcome of 0 to 1");
    let score =
        |name: &str| number(value, &format!("/scores/{name}")).map_or(UNKNOWN.into(), |score| format!("{score:.0}"));
    out.push(pair(
        "scores",
        format!(
            "{} in all: relevance {}, coherence {}, helpfulness {}, safety {}",
            score("composite"),
            score("relevance"),
            score("coherence"),
            score("helpfulness"),
            score("safety")
        ),
        Tone::Plain,
    ));
    let rating = number(value, "/rating/score").map_or("none; r rates it".into(), |score| format!("{score:.0} of 100"));
    out.push(pair("rating", rating, Tone::Plain));
    for credit in items(value, "/credits") {
        let source = match text(credit, "/source").as_str() {
            "session" => "session",
            "request" => "request",
            "manual" => "by hand",
            _ => "automatic",
        };
        let numbers = format!(
            "{:.3} = outcome {:.2} × share {}",
            number(credit, "/credit").unwrap_or(0.0),
            number(credit, "/outcome").unwrap_or(0.0),
            percent(number(credit, "/share"))
        );
        out.push(pair(source, numbers, Tone::Good));
    }
}

fn attempts(value: &Value, out: &mut Vec<Line>) {
    title(out, "Calls that were made", "");
    for attempt in items(value, "/outcome/attempts") {
        let error = text(attempt, "/error");
        let (mark, tone) = if error == UNKNOWN { ("✓ ", Tone::Good) } else { ("✗ ", Tone::Bad) };
        let took = millis(attempt["latency_ms"].as_u64());
        out.push(vec![
            (mark.into(), tone),
            (format!("{:<34.34}", format!("{}/{}", text(attempt, "/provider"), text(attempt, "/model"))), Tone::Plain),
            (format!("{:>4} {took:>9}  ", text(attempt, "/status")), Tone::Plain),
            (if error == UNKNOWN { String::new() } else { error }, Tone::Bad),
        ]);
    }
}

fn chain(value: &Value, out: &mut Vec<Line>) {
    title(
        out,
        "Place in the record",
        "each entry names the hash of the one before it; `floopy verify` checks them all",
    );
    out.push(pair("entry", count(value, "/chain/sequence"), Tone::Plain));
    out.push(pair("hash", text(value, "/chain/sha256"), Tone::Dim));
    out.push(pair("before it", text(value, "/chain/previous_sha256"), Tone::Dim));
}
