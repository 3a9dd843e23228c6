//! Positions in a text.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

/// A position in a declared text. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The file named by a line marker (`# 1 "file.h"`, `#line`).
    pub file: Option<Arc<str>>,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(formatter, "{file}, ")?;
        }
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// The maximum width of an excerpt, in characters.
const EXCERPT_WIDTH: usize = 100;

/// A text and the starts of its lines.
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
    line_starts: Vec<usize>,
    markers: Vec<Marker>,
    /// The last offset for which a column was computed, and that column from 0: a text may be one long line.
    last_column: Cell<(usize, usize)>,
}

/// From `offset` on, lines count from `line` of `file`.
struct Marker {
    offset: usize,
    line: u32,
    file: Option<Arc<str>>,
}

impl<'s> Source<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(offset, _)| offset + 1)).collect();
        Source { text, line_starts, markers: Vec::new(), last_column: Cell::default() }
    }

    /// Records a line marker: the line that starts at `offset` is `line` of `file`, or of the file before.
    pub(super) fn mark(&mut self, offset: usize, line: u32, file: Option<&str>) {
        let file = match (file, self.markers.last()) {
            (Some(file), Some(last)) if last.file.as_deref() == Some(file) => last.file.clone(),
            (Some(file), _) => Some(Arc::from(file)),
            (None, last) => last.and_then(|last| last.file.clone()),
        };
        self.markers.push(Marker { offset, line, file });
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let index = self.line_index(offset);
        let column = self.column(self.line_starts[index], offset);
        let marker = self.markers.partition_point(|marker| marker.offset <= offset).checked_sub(1);
        let (file, line) = match marker.map(|marker| &self.markers[marker]) {
            Some(marker) => {
                (marker.file.clone(), (index - self.line_index(marker.offset)) as u64 + u64::from(marker.line))
            }
            None => (None, index as u64 + 1),
        };
        let number = |wide: u64| u32::try_from(wide).unwrap_or(u32::MAX);
        Position { file, line: number(line), column: number(column as u64 + 1) }
    }

    /// The line, with a caret under the part that starts at `offset` and is `length` bytes long.
    pub(super) fn excerpt(&self, offset: usize, length: usize) -> String {
        let start = self.line_starts[self.line_index(offset)];
        let line = self.text[start..].split(['\n', '\r']).next().unwrap_or("");
        let before = self.text.get(start..offset).unwrap_or("");
        let column = before.chars().count();
        let first = column.saturating_sub(EXCERPT_WIDTH - 20);
        let shown: String = line.chars().skip(first).take(EXCERPT_WIDTH).collect();
        // Tabs are kept, so that the caret is aligned.
        let padding: String =
            before.chars().skip(first).map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
        let text = self.text.get(offset..offset + length).unwrap_or("").lines().next().unwrap_or("");
        let room = (first + EXCERPT_WIDTH).saturating_sub(column + 1);
        let tail = "~".repeat(text.chars().count().saturating_sub(1).min(room));
        format!("    {shown}\n    {padding}^{tail}")
    }

    fn column(&self, line_start: usize, offset: usize) -> usize {
        let (known, column) = self.last_column.get();
        let (from, base) = if (line_start..=offset).contains(&known) { (known, column) } else { (line_start, 0) };
        let column = base + self.text.get(from..offset).map_or(0, |between| between.chars().count());
        self.last_column.set((offset, column));
        column
    }

    fn line_index(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }
}
