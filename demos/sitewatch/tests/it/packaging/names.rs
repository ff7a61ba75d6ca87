//! What tells people and shells of the commands: completions, the manual page, and the documentation.

use clap::{CommandFactory, ValueEnum};
use sitewatch::cli::Cli;
use sitewatch::cli::Exit::{Broken, Clean, Failed, Interrupted, Usage};

const COMMANDS: &str = include_str!("../../../docs/commands.md");

/// The names of all that sitewatch can do.
fn subcommands() -> Vec<String> {
    let names: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in ["check", "serve", "init", "config", "status", "sites", "runs", "report", "ask", "jobs"] {
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
    let page = String::from_utf8(sitewatch::cli::manual().unwrap()).unwrap();
    let section = |name: &str| {
        // A hyphen that is to stay one has a backslash before it.
        let heading = format!(".SH \"SITEWATCH {}\"\n", name.to_uppercase().replace('-', "\\-"));
        page.split(&heading).nth(1).unwrap_or_else(|| panic!("{heading}")).split("\n.SH ").next().unwrap()
    };
    for name in subcommands() {
        assert!(section(&name).contains(".SS SYNOPSIS\n"), "{name}");
    }
    assert!(section("serve").contains("\\-\\-listen") && section("serve").contains(".SS \"EXIT STATUS\"\n.nf\n  0 "));
    assert!(section("config check").contains("\\-\\-config"));
    assert!(section("jobs retry").contains("\\-\\-dead") && section("jobs").contains(".SS \"EXIT STATUS\"\n.nf\n  0 "));
    assert!(page.contains(".TH sitewatch 1") && page.contains("\n.SH \"EXAMPLES\"\n"), "{page}");
    assert!(!page.contains("(1)") && !page.contains("EXTRA") && !page.contains("SITEWATCH HELP"), "{page}");
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
