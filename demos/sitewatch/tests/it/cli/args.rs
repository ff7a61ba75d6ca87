use clap::error::ErrorKind;
use sitewatch::cli::{Command, parse};

fn help(arguments: &[&str]) -> String {
    let error = parse(["sitewatch"].iter().chain(arguments)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelp);
    assert_eq!(error.exit_code(), 0);
    error.to_string()
}

#[test]
fn help_shows_the_defaults_that_hold() {
    let http = sitewatch::fetch::HttpConfig::default();
    let help = help(&["check", "-h"]).split_whitespace().collect::<Vec<_>>().join(" ");
    for (option, default) in [
        ("--rate <N>", format!("[default: {}]", http.rate)),
        ("--per-host <N>", format!("[default: {}]", http.per_host)),
        ("--timeout <TIME>", format!("[default: {}]", humantime::format_duration(http.total_timeout))),
        ("--scope <SCOPE>", "[default: path]".to_owned()),
    ] {
        let after = help.split(option).nth(1).unwrap_or_else(|| panic!("{option} is not in the help"));
        let line = after.split(" --").next().unwrap();
        assert!(line.contains(&default), "{option}: {default} is not in {line}");
    }
}

#[test]
fn help_names_examples_and_exit_codes() {
    for arguments in [&["--help"][..], &["check", "--help"], &["check", "-h"]] {
        let help = help(arguments);
        assert!(help.contains("Examples:") && help.contains("Exit codes:") && help.contains("130"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    for command in
        ["serve", "worker", "init", "config", "status", "sites", "runs", "report", "ask", "jobs", "demo-site"]
    {
        let help = help(&[command, "--help"]);
        assert!(help.contains("Exit codes:") && !help.contains("130"), "{command}: {help}");
    }
    let check = help(&["config", "check", "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(check.contains("what values mean together is looked at once there are none of these"), "{check}");
    for heading in ["What to check:", "HTTP:", "Report:", "Running:", "Settings:"] {
        assert!(help(&["check", "--help"]).contains(heading), "{heading}");
    }
}

#[test]
fn wrong_use_is_code_2_and_names_the_argument() {
    let cases = [
        (&["sitewatch"][..], "check"),
        (&["sitewatch", "chek", "x"], "chek"),
        (&["sitewatch", "check", "x", "--dept", "1"], "--depth"),
        (&["sitewatch", "check", "x", "--depth", "many"], "many"),
        (&["sitewatch", "check", "x", "--header", "no colon"], "Name: value"),
        (&["sitewatch", "check", "x", "--format", "pdf"], "human, json, junit, markdown"),
        (&["sitewatch", "report", "--site", "x", "-f", "xml"], "human, json, junit, markdown"),
        (&["sitewatch", "ask", "x", "stop"], "check, pause, resume, cancel"),
        (&["sitewatch", "check", "x", "y"], "y"),
    ];
    for (arguments, named) in cases {
        let error = parse(arguments).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_header_is_split_at_its_first_colon() {
    let Command::Check(args) =
        parse(["sitewatch", "check", "x", "--header", "Referer:  https://a.b/ "]).unwrap().command
    else {
        panic!("another command")
    };
    assert_eq!(args.header, [("Referer".to_owned(), "https://a.b/".to_owned())]);
}
