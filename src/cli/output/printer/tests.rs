use super::*;
use crate::cli::output::field::Kind;
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

const FIELDS: &[Field] = &[
    Field::shown("id", "/id", Kind::Text),
    Field::shown("cost_micro_usd", "/outcome/cost", Kind::Money),
    Field::detail("note", "/note", Kind::Text),
];

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn printed(format: Format, print: impl FnOnce(&mut Printer) -> io::Result<()>) -> String {
    let sink = Sink::default();
    let mut printer = Printer { out: Box::new(sink.clone()), format, terminal: Terminal::PLAIN, now: None };
    print(&mut printer).expect("a vector takes everything");
    String::from_utf8(sink.0.take()).expect("text")
}

fn items() -> Vec<Value> {
    vec![
        json!({"id": "a", "outcome": {"cost": 1500}, "note": "x, \"y\"\nz"}),
        json!({"id": "b", "outcome": {"cost": null}, "note": null}),
    ]
}

fn two_pages(printer: &mut Printer) -> io::Result<()> {
    let mut listing = printer.listing(FIELDS);
    for item in items() {
        listing.page(&[item])?;
    }
    listing.end(Some("next"), None)
}

#[test]
fn a_list_has_four_forms() {
    assert_eq!(printed(Format::Human, two_pages), "ID       COST\na   $0.001500\nb           -\n");
    assert_eq!(printed(Format::Csv, two_pages), "id,cost_micro_usd,note\na,1500,\"x, \"\"y\"\"\nz\"\nb,,\n");
    let lines = printed(Format::Jsonl, two_pages);
    let parsed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(parsed, items());
    let page: Value = serde_json::from_str(&printed(Format::Json, two_pages)).expect("JSON");
    assert_eq!(page, json!({"items": items(), "next_cursor": "next", "has_more": true}));
}

#[test]
fn an_empty_list_is_still_a_document() {
    let empty = |printer: &mut Printer| {
        let mut listing = printer.listing(FIELDS);
        listing.page(&[] as &[Value])?;
        listing.end(None, None)
    };
    assert_eq!(printed(Format::Human, empty), "");
    assert_eq!(printed(Format::Jsonl, empty), "");
    assert_eq!(printed(Format::Csv, empty), "id,cost_micro_usd,note\n");
    assert_eq!(printed(Format::Json, empty), "{\"items\":[],\"next_cursor\":null,\"has_more\":false}\n");
}

#[test]
fn one_item_shows_every_field() {
    let show = |printer: &mut Printer| {
        let [first, _] = items().try_into().expect("two items");
        printer.show(FIELDS, &first)?;
        printer.section("parts", FIELDS, &items())
    };
    let human = printed(Format::Human, show);
    assert!(human.starts_with("id    a\ncost  $0.001500\nnote  x, \"y\"\u{fffd}z\n\nparts\nID"), "{human}");
    assert_eq!(printed(Format::Jsonl, show).lines().count(), 1, "a section is for people only");
}
