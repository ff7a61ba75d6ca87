use std::io::{self, ErrorKind, Write};

use super::{Console, Failure};
use crate::config::ReportConfig;
use crate::report::{Changes, Format, Grouped, Output, Report, Style};

/// Where and how reports go, found out before the check.
pub(super) struct Publisher<'a> {
    console: &'a Console,
    output: Option<Output>,
    format: Format,
    style: Style,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(config: &ReportConfig, console: &'a Console) -> Result<Self, Failure> {
        let output = config.file().map(Output::prepare).transpose().map_err(|error| Failure::usage(&error))?;
        let color = console.color && output.is_none();
        Ok(Self {
            console,
            output,
            format: config.effective_format(),
            style: Style { all: config.all, color, quiet: config.quiet },
        })
    }

    /// Writes a report to its file or to standard output.
    pub(super) fn publish(&self, report: &Report) -> Result<(), Failure> {
        let Some(output) = &self.output else {
            return self.print(|out| report.write(self.format, self.style, out));
        };
        output.write(|file| report.write(self.format, self.style, file)).map_err(|error| Failure::failed(&error))?;
        if !self.style.quiet {
            let (broken, links) = (Grouped(report.summary().broken()), Grouped(report.summary().counts.total()));
            self.console.notice(format_args!("{broken} of {links} links broken; see {}", output.path().display()));
        }
        if !report.summary().is_complete() {
            self.console.notice("stopped early: the report is partial");
        }
        Ok(())
    }

    /// Tells what differs from the report before: instead of a second report where people read on, else
    /// beside it.
    pub(super) fn publish_changes(&self, report: &Report, changes: &Changes) -> Result<(), Failure> {
        if self.output.is_none() && self.format == Format::Human {
            if self.style.quiet && changes.is_empty() && report.summary().is_complete() {
                return Ok(());
            }
            return self.print(|out| changes.write(out));
        }
        self.publish(report)?;
        if !self.style.quiet {
            let _ = changes.write(&mut self.console.stderr.clone());
        }
        Ok(())
    }

    /// To a reader that has gone, such as `head`, there is nothing more to say; that is no failure.
    fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut stdout = self.console.stdout.clone();
        match write(&mut stdout).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(&StdoutError(error))),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("can't write the report to standard output: {0}")]
struct StdoutError(io::Error);
