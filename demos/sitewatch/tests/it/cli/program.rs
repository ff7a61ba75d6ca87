//! The program itself: its exit codes and streams, as a shell sees them.
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sitewatch(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitewatch"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A page with a link that works and, if wished, one that doesn't.
fn folder(broken: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let link = if broken { "<a href=gone.html>gone</a>" } else { "" };
    fs::write(folder.path().join("index.html"), format!("<h1 id=top>x</h1>\n<a href=#top>up</a> {link}")).unwrap();
    folder
}

#[test]
fn a_folder_where_every_link_works_ends_with_0() {
    let folder = folder(false);
    let output = sitewatch(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("Nothing broken among 1 link on 1 page of ., in "));
}

#[test]
fn a_broken_link_ends_with_1_and_is_named() {
    let folder = folder(true);
    let output = sitewatch(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let line = text(&output.stdout).lines().nth(1).unwrap();
    assert!(line.starts_with("  2:") && line.contains("missing-file") && line.ends_with("gone.html  “gone”"), "{line}");
}

#[test]
fn wrong_use_ends_with_2_and_one_sentence() {
    let folder = folder(false);
    for (arguments, sentence) in [
        (&["check", "nowhere"][..], "error: there is no file or folder nowhere\n"),
        (
            &["check", ".", "--every", "0s"],
            "error: --every: every = \"0s\": the interval must be longer than nothing\n",
        ),
        (&["check"], "error: nothing to check: name a URL, a folder, an HTML file or a sitemap\n"),
    ] {
        let output = sitewatch(folder.path(), arguments);
        assert_eq!((output.status.code(), text(&output.stderr), text(&output.stdout)), (Some(2), sentence, ""));
    }
    assert_eq!(sitewatch(folder.path(), &["chek"]).status.code(), Some(2));
    assert_eq!(sitewatch(folder.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn a_database_of_another_kind_is_wrong_use_and_its_password_is_not_told() {
    let folder = folder(false);
    fs::write(folder.path().join("sitewatch.toml"), "").unwrap();
    for arguments in [&["status"][..], &["serve"], &["check", ".", "--db", "mysql://u:pwSECRET@h/x"]] {
        let arguments = match arguments.len() {
            1 => [arguments, &["--database", "mysql://u:pwSECRET@h/x"]].concat(),
            _ => arguments.to_vec(),
        };
        let output = sitewatch(folder.path(), &arguments);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{said}");
        assert!(said.contains("mysql://h/x") && said.contains("expected a file") && !said.contains("SECRET"), "{said}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_begins() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = folder(false);
    fs::write(folder.path().join("sitewatch.toml"), "[sites.a]\ntarget = '.'\nevery = '1h'\n").unwrap();
    let output = sitewatch(folder.path(), &["serve", "--listen", &address.to_string()]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.starts_with(&format!("error: can't listen at {address}: ")) && said.lines().count() == 1, "{said}");
    assert!(!folder.path().join("sitewatch.db").exists());
}

#[test]
fn sitewatch_toml_where_it_runs_is_read_and_the_report_goes_where_it_says() {
    let folder = folder(true);
    fs::write(folder.path().join("sitewatch.toml"), "target = '.'\n[report]\noutput = 'links.json'\n").unwrap();
    let output = sitewatch(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("", "1 of 2 links broken; see links.json\n"));
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("links.json")).unwrap()).unwrap();
    assert_eq!(
        (&report["links"][0]["page"], &report["links"][0]["reason"]),
        (&"index.html".into(), &"missing-file".into())
    );
}
