//! What is said, and that it is from whom it says it is.

use serde_json::json;
use sitewatch::notify::{Notice, NoticeKind, sign, subject, text, verify};
use sitewatch::service::FindingView;

use super::{at, broken, changed, finding, notice};

/// By another program: HMAC-SHA-256 of `1795705200.{"version":1,"notices":[]}` with the key `whsec-example`.
const SIGNATURE: &str = "v1=634042f164aaf27158a6762f606681559dcc7f6a4c7873bc9b89bf445ee38365";
const BODY: &[u8] = br#"{"version":1,"notices":[]}"#;

#[test]
fn a_signature_is_what_another_program_makes_of_it() {
    assert_eq!(sign("whsec-example", "1795705200", BODY), SIGNATURE);
    assert!(verify("whsec-example", "1795705200", BODY, SIGNATURE));
}

#[test]
fn a_signature_is_of_one_secret_one_instant_and_one_body() {
    assert!(!verify("whsec-exampl", "1795705200", BODY, SIGNATURE));
    assert!(!verify("whsec-example", "1795705201", BODY, SIGNATURE));
    assert!(!verify("whsec-example", "1795705200", b"{}", SIGNATURE));
}

#[test]
fn what_is_no_signature_is_never_one() {
    let cut = &SIGNATURE[..SIGNATURE.len() - 1];
    let long = format!("{SIGNATURE}0");
    let other = SIGNATURE.replace("v1=", "v2=");
    let plus = SIGNATURE.replace("=63", "=+3");
    for wrong in ["", "v1=", &SIGNATURE[3..], cut, long.as_str(), other.as_str(), plus.as_str(), "v1=zz", "v1=\u{e4}"] {
        assert!(!verify("whsec-example", "1795705200", BODY, wrong), "{wrong}");
    }
}

#[test]
fn a_notice_names_a_thousand_links_and_counts_the_others() {
    let many = |count: usize| (0..count).map(|number| broken("a.html", &format!("https://example.org/{number}")));
    let notice = notice(NoticeKind::Changed, "docs").with_broken(many(1_500)).with_fixed(many(1_000));
    assert_eq!((notice.broken.len(), notice.more_broken, notice.newly_broken()), (1_000, 500, 1_500));
    assert_eq!((notice.fixed.len(), notice.more_fixed, notice.newly_fixed()), (1_000, 0, 1_000));
    assert_eq!(notice.broken[999].url, "https://example.org/999");
}

#[test]
fn a_notice_is_kept_as_json_and_read_from_what_an_earlier_version_has_kept() {
    let notice = changed();
    let value = json!(notice);
    assert_eq!(value["kind"], "changed");
    assert_eq!(value["at"], "2026-11-26T15:00:00Z");
    assert_eq!(value["broken"][0]["reason"], "http-404");
    assert_eq!(serde_json::from_value::<Notice>(value).unwrap(), notice);

    let least = json!({
        "site": "docs",
        "target": "https://example.org/docs/",
        "run": 12,
        "at": at(),
        "kind": "recovered",
        "total_broken": 0,
    });
    assert_eq!(serde_json::from_value::<Notice>(least).unwrap(), super::notice(NoticeKind::Recovered, "docs"));
}

#[test]
fn what_is_broken_is_listed_by_reason_and_address_with_its_pages_and_then_what_is_fixed() {
    let gone = "https://example.org/gone.html";
    let no_text = FindingView { line: 0, text: " ".to_owned(), ..broken("b.html", gone) };
    let dns = finding("a.html", "https://nohost.example/", "dns", "the host name does not resolve: no such host");
    let notice = notice(NoticeKind::Changed, "docs")
        .with_broken([broken("a.html", gone), dns, no_text])
        .with_fixed([broken("c.html", "https://example.org/old.html")]);
    let url = Some("http://127.0.0.1:8080/sites/docs".to_owned());
    let notice = Notice { total_broken: 5, url, ..notice };
    let expected = "\
docs: 3 links broken, 1 fixed; 5 broken links in all
https://example.org/docs/, run 12, 2026-11-26 15:00:00 UTC
http://127.0.0.1:8080/sites/docs

Newly broken

  the host name does not resolve
    https://nohost.example/ (no such host)
      on https://example.org/docs/a.html, line 12: \"the manual\"

  404 Not Found
    https://example.org/gone.html
      on https://example.org/docs/a.html, line 12: \"the manual\"
      on https://example.org/docs/b.html

Fixed

    https://example.org/old.html
      on https://example.org/docs/c.html, line 12: \"the manual\"
";
    assert_eq!(text(&[notice]), expected);
}

#[test]
fn several_notices_are_told_one_after_the_other() {
    let notices = [changed(), notice(NoticeKind::Recovered, "blog")];
    let text = text(&notices);
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("docs") || line.starts_with("blog")).collect();
    assert_eq!(
        told,
        ["docs: 2 links broken, 1 fixed; 5 broken links in all", "blog: the check works again; 0 broken links in all"]
    );
    assert!(text.contains("\"the manual\"\n\nblog: "), "{text}");
}

#[test]
fn a_long_list_is_cut_and_the_rest_is_counted() {
    let many = (0..60).map(|number| broken("a.html", &format!("https://example.org/{number:03}")));
    let notice = notice(NoticeKind::Changed, "docs").with_broken(many);
    let text = text(&[Notice { more_broken: 40, ..notice }]);
    assert_eq!(text.matches("      on https://").count(), 50);
    assert!(text.contains("https://example.org/049\n") && !text.contains("https://example.org/050\n"), "{text}");
    assert!(text.ends_with("\n    ... and 50 others\n"), "{text}");
}

#[test]
fn nothing_that_was_found_can_forge_a_line_or_command_a_terminal() {
    let evil = "a\r\nFixed\n\u{1b}[2J\u{202e}\0b";
    let forged = FindingView {
        text: evil.to_owned(),
        page: evil.to_owned(),
        ..finding("a.html", evil, "http-404", &format!("404 Not Found: {evil}"))
    };
    let notice = notice(NoticeKind::Failing, "docs").with_broken([forged]);
    let notices = [Notice { site: evil.to_owned(), target: evil.to_owned(), why: Some(evil.to_owned()), ..notice }];
    let text = text(&notices);
    assert!(!text.lines().any(|line| line == "Fixed"), "{text}");
    assert!(text.chars().all(|each| each == '\n' || !each.is_control() && each != '\u{202e}'), "{text}");
    let subject = subject(&notices);
    assert!(subject.chars().all(|each| !each.is_control() && each != '\u{202e}'), "{subject}");
}

#[test]
fn a_subject_says_what_happened_and_where() {
    let docs = changed();
    assert_eq!(subject(std::slice::from_ref(&docs)), "[sitewatch] docs: 2 links broken, 1 fixed");
    let fixed = notice(NoticeKind::Changed, "docs").with_fixed([broken("a.html", "https://example.org/")]);
    assert_eq!(subject(&[fixed]), "[sitewatch] docs: 1 link fixed");
    let failing = notice(NoticeKind::Failing, "blog");
    assert_eq!(subject(std::slice::from_ref(&failing)), "[sitewatch] blog: 1 check failed");
    let shop = notice(NoticeKind::Recovered, "shop");
    assert_eq!(
        subject(&[docs.clone(), failing.clone(), docs.clone(), shop, notice(NoticeKind::Failing, "wiki")]),
        "[sitewatch] docs, blog, shop and 1 more: 4 links broken, 2 fixed, 2 checks failed, 1 check works again"
    );
}
