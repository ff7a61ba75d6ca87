//! `sitewatch man`.

use std::fmt::Write;
use std::io;

use clap::Command;
use clap_mangen::Man;

use super::help;

/// The manual page, in the language of `man`: of the program, and of each of its commands, with their options and how
/// they end.
///
/// # Errors
///
/// None that is known of: it is written to memory.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let page = String::from_utf8(sitewatch::cli::manual()?)?;
/// assert!(page.contains(".SH \"SITEWATCH SERVE\"\n") && page.contains(".SS \"EXIT STATUS\"\n"));
/// # Ok(()) }
/// ```
pub fn manual() -> io::Result<Vec<u8>> {
    let mut command = help::command().disable_help_subcommand(true);
    // Names what is below by its whole name.
    command.build();
    let mut page = Vec::new();
    let top = Man::new(command.clone());
    top.render_title(&mut page)?;
    top.render_name_section(&mut page)?;
    top.render_synopsis_section(&mut page)?;
    top.render_description_section(&mut page)?;
    let mut rest = String::new();
    below(&command).try_for_each(|part| write_command(part, &mut rest))?;
    write_sections(&command, "SH", &mut rest);
    page.extend(rest.into_bytes());
    top.render_version_section(&mut page)?;
    Ok(page)
}

/// A section for a command, and for each that is below it.
fn write_command(command: &Command, page: &mut String) -> io::Result<()> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    heading("SH", &name, page);
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_description_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        man.render_options_section(&mut parts)?;
    }
    for line in String::from_utf8_lossy(&parts).lines() {
        // What is a section of a page of its own is a part of one here; what the command does needs no heading.
        let _ = match line.strip_prefix(".SH ") {
            Some("DESCRIPTION") => Ok(()),
            Some(title) => writeln!(page, ".SS {title}"),
            // What an apostrophe is has been said above.
            None if line.starts_with(".ie ") || line.starts_with(".el ") => Ok(()),
            None => writeln!(page, "{line}"),
        };
    }
    write_sections(command, "SS", page);
    below(command).try_for_each(|part| write_command(part, page))
}

fn below(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|part| part.get_name() != "help")
}

/// What follows the options in the help: a section for each of its headings, with the lines as they are.
fn write_sections(command: &Command, level: &str, page: &mut String) {
    let Some(text) = command.get_after_long_help().or_else(|| command.get_after_help()) else { return };
    let mut is_open = false;
    for line in text.to_string().lines() {
        match line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            Some(title) => {
                page.push_str(if is_open { ".fi\n" } else { "" });
                heading(level, if title == "Exit codes" { "EXIT STATUS" } else { title }, page);
                page.push_str(".nf\n");
                is_open = true;
            }
            None => {
                page.push_str(&escaped(line));
                page.push('\n');
            }
        }
    }
    page.push_str(if is_open { ".fi\n" } else { "" });
}

fn heading(level: &str, title: &str, page: &mut String) {
    let _ = writeln!(page, ".{level} \"{}\"", escaped(&title.to_uppercase()));
}

/// A line that says to `man` what it says here.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\*(Aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}
