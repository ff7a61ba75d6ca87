use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::text::clean;

/// What is between two columns.
const GAP: &str = "  ";

/// The last column is never cut to less than this: below it, lines may as well break.
const LEAST: usize = 16;

/// Rows of text in columns, by how wide they are shown: `漢` is as wide as two letters.
///
/// Texts come from the web: control characters in them are shown, and not obeyed. A column without any text is left
/// out. Where the width of the terminal is known, the last column is cut to what is left of it.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::remote::{Align, Cell, Table};
///
/// let mut table = Table::new([("SITE", Align::Left), ("BROKEN", Align::Right), ("WHY", Align::Left)]);
/// table.push([Cell::new("docs"), Cell::new("12"), Cell::new("")]);
/// assert_eq!(table.text(None, false), "SITE  BROKEN\ndocs      12\n");
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

/// At which side a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For texts.
    Left,
    /// For numbers.
    Right,
}

/// A text in a table.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    color: Option<Color>,
}

/// What a terminal shows a text in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// All is well.
    Green,
    /// Something is not.
    Red,
    /// Somebody is to know.
    Yellow,
    /// Nothing to look at.
    Dim,
}

impl Color {
    fn code(self) -> &'static str {
        match self {
            Self::Green => "32",
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Dim => "2",
        }
    }
}

impl Cell {
    /// A plain text.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()).to_string(), color: None }
    }

    /// The same in a colour, where there are colours.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    fn width(&self) -> usize {
        self.text.width()
    }

    fn painted(&self, text: &str, colors: bool) -> String {
        match self.color.filter(|_| colors) {
            Some(color) => format!("\u{1b}[{}m{text}\u{1b}[0m", color.code()),
            None => text.to_owned(),
        }
    }
}

impl Table {
    /// A table with these columns and no rows.
    #[must_use]
    pub fn new<const N: usize>(heads: [(&'static str, Align); N]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column; what is beyond the columns is not shown.
    pub fn push<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, in lines of at most `width` characters of a terminal if that is known and can be; nothing where there
    /// are no rows.
    #[must_use]
    pub fn text(&self, width: Option<usize>, colors: bool) -> String {
        if self.is_empty() {
            return String::new();
        }
        let columns: Vec<(usize, usize)> =
            (0..self.heads.len()).filter_map(|at| Some((at, self.widest(at)?))).collect();
        let heads: Vec<Cell> = self.heads.iter().map(|(head, _)| Cell::new(head).color(Color::Dim)).collect();
        let mut text = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            text.push_str(&self.line(row, &columns, width, colors));
            text.push('\n');
        }
        text
    }

    /// How wide a column is, if there is anything in it.
    fn widest(&self, at: usize) -> Option<usize> {
        let widest = self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width).max()?;
        (widest > 0).then(|| widest.max(self.heads[at].0.width()))
    }

    fn line(&self, row: &[Cell], columns: &[(usize, usize)], width: Option<usize>, colors: bool) -> String {
        let mut line = String::new();
        // How wide the columns before are; and the blanks since the last text, for which nothing may come.
        let (mut used, mut blanks) = (0, 0);
        for (place, &(at, widest)) in columns.iter().enumerate() {
            let Some(cell) = row.get(at) else { break };
            let gap = if place == 0 { 0 } else { GAP.len() };
            let is_last = place + 1 == columns.len();
            let room = width.filter(|_| is_last).map(|width| width.saturating_sub(used + gap).max(LEAST));
            let room = room.unwrap_or(usize::MAX);
            let shown = cut(&cell.text, room);
            let pad = widest.min(room).saturating_sub(shown.width());
            let (before, after) = if self.heads[at].1 == Align::Right { (pad, 0) } else { (0, pad) };
            blanks += gap + before;
            if !shown.is_empty() {
                line.push_str(&" ".repeat(blanks));
                line.push_str(&cell.painted(&shown, colors));
                blanks = 0;
            }
            blanks += after;
            used += gap + widest;
        }
        line
    }
}

/// As much of a text as there is room for, with `…` for the rest.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let fits = |character: &char| {
        let rest = left.checked_sub(character.width().unwrap_or_default());
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}
