//! A CSV file as a sequence of numbered lines, with what the formats share when they read cells.

use super::source::{RecordBudget, Text};
use csv::StringRecord;
use std::io::BufRead;

/// Rows under a header.
pub struct Table {
    reader: csv::Reader<Text>,
    budget: RecordBudget,
    header: StringRecord,
    back: Option<Line>,
}

/// One row.
pub struct Line {
    /// The line of the file on which it starts.
    pub number: u64,
    cells: StringRecord,
}

impl Table {
    /// Reads the header. The separator is the comma, unless the header has none but has semicolons or tabs.
    pub fn open(mut text: Text, budget: RecordBudget) -> Result<Self, String> {
        let start = text.fill_buf().map_err(|e| e.to_string())?;
        let first = start.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or(start);
        let separator = if first.contains(&b',') {
            b','
        } else {
            *[b';', b'\t'].iter().find(|s| first.contains(s)).unwrap_or(&b',')
        };
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text);
        let header = reader.headers().map_err(reason)?.clone();
        if header.iter().all(|name| name.trim().is_empty()) {
            return Err("the first line names no columns".to_owned());
        }
        Ok(Self { reader, budget, header, back: None })
    }

    /// The names of the columns as they stand.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// The next row. An error means that the file cannot be read on.
    pub fn next_line(&mut self) -> Result<Option<Line>, String> {
        if let Some(line) = self.back.take() {
            return Ok(Some(line));
        }
        self.budget.renew();
        let mut cells = StringRecord::new();
        let more = self.reader.read_record(&mut cells).map_err(reason)?;
        let number = cells.position().map_or(0, csv::Position::line);
        Ok(more.then_some(Line { number, cells }))
    }

    /// Gives back a row that belongs to the next product.
    pub fn give_back(&mut self, line: Line) {
        self.back = Some(line);
    }

    /// Whether the row has as many cells as the header has names; says what is wrong when not.
    pub fn width_problem(&self, line: &Line) -> Option<String> {
        let (have, want) = (line.cells.len(), self.header.len());
        (have != want)
            .then(|| format!("the row has {have} cells, the header names {want}; is a quote or comma missing?"))
    }
}

impl Line {
    /// A cell; empty when the row is short.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or("")
    }

    /// All cells in order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }
}

fn reason(error: csv::Error) -> String {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {}: this is not UTF-8; save the file as UTF-8", pos.map_or(0, |p| p.line()))
        }
        other => format!("the file cannot be read as CSV: {other:?}"),
    }
}

/// Columns of a foreign format by their names, whatever the case of their letters.
pub struct Named {
    names: Vec<Option<String>>,
}

impl Named {
    /// Takes the names after renaming.
    pub fn new(names: Vec<Option<String>>) -> Self {
        Self { names: names.into_iter().map(|n| n.map(|n| n.to_lowercase())).collect() }
    }

    /// The first column that has one of these names.
    pub fn find(&self, wanted: &[&str]) -> Option<usize> {
        wanted.iter().find_map(|name| self.names.iter().position(|n| n.as_deref() == Some(*name)))
    }

    /// Columns renamed to `attr.NAME`, with the name.
    pub fn attributes(&self, original: &[Option<String>]) -> Vec<(usize, String)> {
        let named =
            |(at, name): (usize, &Option<String>)| Some((at, name.as_deref()?.strip_prefix("attr.")?.to_owned()));
        original.iter().enumerate().filter_map(named).collect()
    }

    /// The names, lower case.
    pub fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.names.iter().enumerate().filter_map(|(at, name)| Some((at, name.as_deref()?)))
    }
}
