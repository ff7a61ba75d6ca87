//! What tells people and shells of the commands: completions, the manual page, and the documentation.

use clap::{CommandFactory, ValueEnum};
use sitewatch::cli::Cli;
use sitewatch::cli::Exit::{Broken, Clean, Failed, Interrupted, Usage};

const COMMANDS: &str = include_str!("../../../docs/commands.md");

/// The names of all that sitewatch can do.
fn subcommands() -> Vec<String> {
    let names: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in ["check", "serve", "init", "config", "status", "sites", "runs", "report", "ask"] {
        assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
    }
    names
}

#[test]
fn completions_for_every_shell_name_every_subcommand() {
    for shell in clap_complete::Shell::value_variants() {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Cli::command(), "sitewatch", &mut script);
        let script = String::from_utf8(script).unwrap();
        for name in subcommands() {
            assert!(script.contains(&name), "{shell}: {name}");
        }
        assert!(script.contains("refuse-private"), "{shell}: and their options");
    }
}

#[test]
fn the_manual_page_names_every_subcommand() {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    for name in subcommands() {
        // A hyphen that is to stay one has a backslash before it.
        let name = name.replace('-', "\\-");
        assert!(page.contains(&format!("sitewatch\\-{name}(1)")), "{name}");
    }
    assert!(page.contains(".TH sitewatch 1") && page.contains("Exit codes:"), "{page}");
}

#[test]
fn the_documentation_has_every_subcommand_and_every_exit_code() {
    let (what, ends) = COMMANDS.split_once("## Exit codes").unwrap();
    let row = |text: &str, name: &str| {
        let first = |line: &str| line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{name}`")));
        text.lines().any(|line| line.starts_with('|') && first(line))
    };
    for name in subcommands() {
        assert!(row(what, &name), "{name} has no row in docs/commands.md");
        // What only prints has no story to tell.
        assert!(row(ends, &name) || ["completions", "man"].contains(&&*name), "{name} ends somehow");
    }
    let codes = [Clean, Broken, Usage, Failed, Interrupted].map(|exit| exit.code().to_string());
    assert!(ends.contains(&format!("| command | {} |", codes.join(" | "))), "{codes:?}");
}
