use std::fmt::{self, Write as _};
use std::io::{self, Write};

use super::text::plural;
use super::{LinkResult, Report, Status, Style};

/// The suite of the check as a whole; a page can't have this name, which is no address and no path of one.
const WHOLE: &str = "sitewatch: the check";

/// A suite per page, a case per link; before them a suite of one case for the check as a whole.
///
/// That first case makes a clean run a green test instead of an empty file, which several CI systems
/// refuse, and an interrupted one, or a site that can't be checked, an error instead of a green test.
pub(super) fn write(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let (mut tests, mut failures, mut skipped) = (1, 0, 0);
    for link in report.listed(style) {
        tests += 1;
        failures += u64::from(link.verdict.status() == Status::Broken);
        skipped += u64::from(link.verdict.status() == Status::Skipped);
    }
    let errors = u8::from(!summary.is_complete() || summary.behind().is_some());
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="sitewatch {}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{:.3}">"#,
        Xml(report.target()),
        summary.elapsed.as_secs_f64(),
    )?;
    write_whole(report, errors, out)?;
    for page in report.links().by_page() {
        let links = page.iter().filter(|link| style.lists(link));
        let count = |status| links.clone().filter(|link| link.verdict.status() == status).count();
        let tests = links.clone().count();
        if tests == 0 {
            continue;
        }
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{tests}" failures="{}" errors="0" skipped="{}">"#,
            Xml(page.page()),
            count(Status::Broken),
            count(Status::Skipped),
        )?;
        for link in links {
            write_case(link, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn write_whole(report: &Report, errors: u8, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let name =
        format!("{} on {}", plural(summary.counts.total(), "link", "links"), plural(summary.pages, "page", "pages"));
    let target = Xml(report.target());
    writeln!(out, r#"  <testsuite name="{WHOLE}" tests="1" failures="0" errors="{errors}" skipped="0">"#)?;
    write!(out, r#"    <testcase name="{name}" classname="{target}""#)?;
    let error = match (summary.behind(), &summary.stopped) {
        (Some(behind), _) => Some(("not-checked", behind)),
        (None, Some(why)) => Some(("interrupted", format!("partial: {why}"))),
        (None, None) => None,
    };
    match error {
        None => writeln!(out, "/>")?,
        Some((kind, why)) => {
            writeln!(out, ">\n      <error type=\"{kind}\" message=\"{}\"/>\n    </testcase>", Xml(&why))?;
        }
    }
    writeln!(out, "  </testsuite>")
}

fn write_case(link: LinkResult<'_>, out: &mut impl Write) -> io::Result<()> {
    let LinkResult { page, line, column, text, link: written, url, verdict } = link;
    let (page, written, url) = (Xml(page), Xml(written), Xml(url));
    let code = verdict.reason.code();
    let message = verdict.to_string();
    let message = Xml(&message);
    let place = if line == 0 { String::new() } else { format!(r#" line="{line}""#) };
    write!(out, r#"    <testcase name="{line}:{column} {written}" classname="{page}" file="{page}"{place}"#)?;
    match verdict.status() {
        Status::Ok => return writeln!(out, "/>"),
        Status::Skipped => writeln!(out, ">\n      <skipped message=\"{code}: {message}\"/>")?,
        Status::Broken => {
            writeln!(out, ">\n      <failure type=\"{code}\" message=\"{message}\">{page}:{line}:{column}")?;
            writeln!(out, "text: {}\nlink: {written}\nurl: {url}", Xml(text))?;
            for next in &verdict.redirects {
                writeln!(out, "redirected to: {}", Xml(next))?;
            }
            writeln!(out, "</failure>")?;
        }
        // Not a failure, as it is none for the exit code: JUnit knows no warning.
        Status::Redirected => {
            writeln!(out, ">\n      <system-out>{code}: {message}")?;
            for next in &verdict.redirects {
                writeln!(out, "redirected to: {}", Xml(next))?;
            }
            writeln!(out, "</system-out>")?;
        }
    }
    writeln!(out, "    </testcase>")
}

/// A string as XML text or attribute; what XML 1.0 cannot hold at all is shown as `\u{1b}`.
#[derive(Clone, Copy)]
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                // As such they would be normalised to spaces in an attribute.
                '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(character))?,
                '\u{fffe}' | '\u{ffff}' => write!(f, "{}", character.escape_unicode())?,
                control if control.is_control() => write!(f, "{}", control.escape_unicode())?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
