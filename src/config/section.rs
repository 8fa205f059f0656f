//! Reading one table: each key once, by its type; what is left over is unknown.

use super::layers;
use super::nearest::nearest;
use super::report::{Complaint, Field, Report};
use super::tree::{Key, Node, Place, Table, Value};

/// A table that is being read. Ends with [`Section::finish`].
#[derive(Debug)]
pub(super) struct Section<'r> {
    path: String,
    place: Place,
    table: Table,
    known: Vec<&'static str>,
    pub(super) report: &'r mut Report,
}

impl<'r> Section<'r> {
    pub(super) fn new(path: impl Into<String>, place: Place, table: Table, report: &'r mut Report) -> Self {
        Self { path: path.into(), place, table, known: Vec::new(), report }
    }

    /// The place of its header.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The whole name of a key.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether a key stands here that nobody has read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    fn take(&mut self, key: &'static str) -> Option<(Key, Node)> {
        self.known.push(key);
        let name = self.key(key);
        self.report.known.push(name);
        self.table.take(key)
    }

    /// A value that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Complaint>,
    ) -> Option<Field<T>> {
        let (_, node) = self.take(key)?;
        self.read(key, &node, read)
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Complaint>,
    ) -> Option<Field<T>> {
        let Some((_, node)) = self.take(key) else {
            let reason = format!("`{key}` is missing");
            self.report.missing(&self.place, &self.path, &reason);
            return None;
        };
        self.read(key, &node, read)
    }

    /// A value with a default, which also stands in for a value that is refused, so that reading goes on.
    pub(super) fn field<T>(
        &mut self,
        key: &'static str,
        default: impl Into<Value>,
        read: impl Fn(&Value) -> Result<T, Complaint>,
    ) -> Field<T> {
        let given = self.take(key).and_then(|(_, node)| self.read(key, &node, &read));
        let default: Value = default.into();
        given.unwrap_or_else(|| {
            let name = self.key(key);
            self.report.setting(&name, default.to_string(), &Place::Default);
            let value = read(&default).expect("defaults are right: a test reads them all");
            Field { value, place: Place::Default, key: name }
        })
    }

    /// A value with a default, where its place does not matter.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        default: impl Into<Value>,
        read: impl Fn(&Value) -> Result<T, Complaint>,
    ) -> T {
        self.field(key, default, read).value
    }

    fn read<T>(&mut self, key: &str, node: &Node, read: impl Fn(&Value) -> Result<T, Complaint>) -> Option<Field<T>> {
        let name = self.key(key);
        match read(&node.value) {
            Ok(value) => {
                self.report.setting(&name, node.value.to_string(), &node.place);
                Some(Field { value, place: node.place.clone(), key: name })
            }
            Err(complaint) => {
                self.report.problem(&node.place, &name, complaint);
                None
            }
        }
    }

    /// A list whose items are read one by one, so that each wrong one is named.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        default: &[&str],
        read: impl Fn(&Value) -> Result<T, Complaint>,
    ) -> Vec<Field<T>> {
        let name = self.key(key);
        let node = match self.take(key) {
            Some((_, node)) => node,
            None => Node { value: Value::from(default), place: Place::Default },
        };
        let items = match &node.value {
            Value::List(items) => items.clone(),
            Value::Loose(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Node { value: Value::Loose(item.to_owned()), place: node.place.clone() })
                .collect(),
            other => {
                let reason = format!("is {}; expected a list such as [\"a\", \"b\"]", other.kind());
                self.report.problem(&node.place, &name, Complaint::new(reason));
                return Vec::new();
            }
        };
        self.report.setting(&name, node.value.to_string(), &node.place);
        let mut fields = Vec::with_capacity(items.len());
        for item in items {
            match read(&item.value) {
                Ok(value) => fields.push(Field { value, place: item.place, key: name.clone() }),
                Err(complaint) => self.report.problem(&item.place, &name, complaint),
            }
        }
        fields
    }

    /// A table whose keys are free: names and values in the order of the file.
    pub(super) fn entries(&mut self, key: &'static str) -> Vec<(Key, Node)> {
        match self.take(key) {
            None => Vec::new(),
            Some((_, Node { value: Value::Table(table), .. })) => table.entries,
            Some((_, node)) => {
                self.wrong_table(key, &node);
                Vec::new()
            }
        }
    }

    /// A table of known keys below this one; an absent one reads as empty.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'_> {
        self.present_section(key).unwrap_or((self.place.clone(), Table::default())).into_section(self, key)
    }

    /// The same where it matters whether the table is there.
    pub(super) fn optional_section(&mut self, key: &'static str) -> Option<Section<'_>> {
        Some(self.present_section(key)?.into_section(self, key))
    }

    fn present_section(&mut self, key: &'static str) -> Option<(Place, Table)> {
        match self.take(key)? {
            (key, Node { value: Value::Table(table), .. }) => Some((key.place, table)),
            (_, node) => {
                self.wrong_table(key, &node);
                None
            }
        }
    }

    fn wrong_table(&mut self, key: &str, node: &Node) {
        let name = self.key(key);
        let reason = format!("is {}; expected a table such as [{name}]", node.value.kind());
        self.report.problem(&node.place, &name, Complaint::new(reason).hidden());
    }

    /// The tables of a list such as `[[route]]`, in the order of the file.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<(Place, Table)> {
        let Some((_, node)) = self.take(key) else { return Vec::new() };
        let name = self.key(key);
        let expected = |what: &str| Complaint::new(format!("is {what}; expected [[{name}]] tables")).hidden();
        if matches!(node.place, Place::Environment(_) | Place::Flag(_)) {
            let reason = format!("[[{key}]] tables are set in the file, not in the environment");
            self.report.problem(&node.place, &name, Complaint::new(reason));
            return Vec::new();
        }
        let Value::List(items) = node.value else {
            self.report.problem(&node.place, &name, expected(node.value.kind()));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Value::Table(table) => tables.push((item.place, table)),
                other => self.report.problem(&item.place, &name, expected(other.kind())),
            }
        }
        tables
    }

    /// Refuses the keys that nobody read.
    pub(super) fn finish(self) {
        let Self { path, table, known, report, .. } = self;
        for (key, _) in table.entries {
            let place_of_path = if path.is_empty() { "the file".to_owned() } else { format!("[{path}]") };
            let near = nearest(&key.name, known.iter().copied());
            let complaint = match &key.place {
                Place::Environment(variable) => {
                    let depth = path.split('.').filter(|part| !part.is_empty()).count();
                    let near = near.map(|near| layers::variable_with(variable, depth, near));
                    Complaint::new(format!("means nothing: {place_of_path} has no key `{}`", key.name)).nearest(near)
                }
                _ => Complaint::new(format!("is an unknown key of {place_of_path}")).nearest(near),
            };
            let name = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            report.problem(&key.place, &name, complaint);
        }
    }
}

/// A table on its way to be read.
trait IntoSection {
    fn into_section<'a>(self, parent: &'a mut Section<'_>, key: &str) -> Section<'a>;
}

impl IntoSection for (Place, Table) {
    fn into_section<'a>(self, parent: &'a mut Section<'_>, key: &str) -> Section<'a> {
        let path = parent.key(key);
        Section::new(path, self.0, self.1, parent.report)
    }
}
