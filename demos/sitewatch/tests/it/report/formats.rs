use std::path::Path;

use sitewatch::report::{Format, Links, Report, Style, Summary};

use super::samples::{awkward, written};

const ALL: Style = Style { all: true, color: false, quiet: false };

/// Compares with a file in `golden/`; with `UPDATE_GOLDEN=1` writes it, to be looked at before it is kept.
fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the folder of golden files is writable");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(expected == actual, "{name} differs; see it with UPDATE_GOLDEN=1 and git diff");
}

#[test]
fn awkward_strings_look_right_to_people() {
    assert_golden("awkward.txt", &written(&awkward(), Format::Human, Style::default()));
    assert_golden("awkward.all.txt", &written(&awkward(), Format::Human, ALL));
    let color = Style { color: true, ..Style::default() };
    assert_golden("awkward.color.txt", &written(&awkward(), Format::Human, color));
}

#[test]
fn awkward_strings_look_right_in_json() {
    assert_golden("awkward.json", &written(&awkward(), Format::Json, Style::default()));
}

#[test]
fn awkward_strings_look_right_in_junit() {
    assert_golden("awkward.xml", &written(&awkward(), Format::Junit, Style::default()));
    assert_golden("awkward.all.xml", &written(&awkward(), Format::Junit, ALL));
}

#[test]
fn awkward_strings_look_right_in_markdown() {
    assert_golden("awkward.md", &written(&awkward(), Format::Markdown, Style::default()));
}

#[test]
fn a_clean_check_looks_right_in_every_format() {
    let mut summary = Summary { pages: 1, ..Summary::default() };
    summary.counts.add(sitewatch::report::Reason::Ok, 1_000);
    let report = Report::new("docs", summary, Links::default(), Vec::new());
    for (format, name) in Format::ALL.into_iter().zip(["clean.txt", "clean.json", "clean.xml", "clean.md"]) {
        assert_golden(name, &written(&report, format, Style::default()));
    }
}

#[test]
fn a_site_that_cannot_be_checked_is_told_in_every_format() {
    let stopped = Some("no check came to its end yet".to_owned());
    let failed = Some("connection refused <again>".to_owned());
    let report = |never, stopped| {
        let summary = Summary { never, stopped, failed: failed.clone(), ..Summary::default() };
        Report::new("docs", summary, Links::default(), Vec::new())
    };
    let never = report(true, stopped);
    for (format, part) in [
        (Format::Human, "never checked to its end; the last check failed: connection refused <again>\n"),
        (Format::Json, "\"failed\": \"connection refused <again>\""),
        (
            Format::Junit,
            "<error type=\"not-checked\" message=\"never checked to its end; the last check failed: connection refused &lt;again&gt;\"/>",
        ),
        (
            Format::Markdown,
            "## Never checked to its end\n\nNothing is known of the links of `docs` yet.\n\n**The last check failed:** `connection refused <again>`.\n",
        ),
    ] {
        let text = written(&never, format, Style::default());
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("Nothing broken") && !text.contains("No broken links"), "{text}");
    }
    let once = written(&report(false, None), Format::Junit, Style::default());
    assert!(once.contains("errors=\"1\" skipped=\"0\" time") && once.contains("type=\"not-checked\""), "{once}");
}

#[test]
fn only_what_is_not_ok_is_listed_unless_all_is() {
    for format in Format::ALL {
        assert!(!written(&awkward(), format, Style::default()).contains("fine"), "{format}");
        assert!(written(&awkward(), format, ALL).contains("3:1") || format == Format::Json, "{format}");
    }
    assert!(written(&awkward(), Format::Json, ALL).contains("\"text\":\"fine\""));
}

#[test]
fn a_write_that_fails_is_an_error_in_every_format() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let error = awkward().write(format, Style::default(), &mut Full).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}
