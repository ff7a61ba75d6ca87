//! For people at a terminal.
//!
//! Broken links first, by page, as a list that stays readable however long it would be; then, where a
//! reader of a terminal ends up, what it comes down to. Before all that, if so, that it is not what the latest
//! check found.
mod closing;
mod hint;
mod listing;
mod paint;

use std::io::{self, Write};

use super::text::clean;
use super::{Report, Status, Style};
use paint::Paint;

pub(super) fn write(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    let paint = Paint::new(style.color);
    if let Some(behind) = report.summary().behind() {
        writeln!(out, "{}", paint.bold(paint.status(Status::Broken, clean(&behind))))?;
        if !report.summary().never {
            writeln!(out)?;
        }
    }
    let cut = listing::write(report, style, paint, out)?;
    closing::write(report, style, paint, cut, out)
}
