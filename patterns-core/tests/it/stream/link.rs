use patterns_core::stream::next_link;
use proptest::prelude::*;

#[test]
fn what_servers_send_is_understood() {
    for (header, expected) in [
        // GitHub
        (
            r#"<https://api.test/repos?page=3>; rel="next", <https://api.test/repos?page=50>; rel="last""#,
            Some("https://api.test/repos?page=3"),
        ),
        (r#"<https://api.test/1>; rel="prev", <https://api.test/3>; rel="next""#, Some("https://api.test/3")),
        (r#"<https://api.test/?page=1>; rel="first prev""#, None),
        // Unquoted, other case, without blanks, with more of them
        ("</2>;rel=next", Some("/2")),
        ("</2>;REL=NEXT", Some("/2")),
        ("  </2>  ;  rel  =  \"next\"  ", Some("/2")),
        ("\t</2>\t;\trel=next\t", Some("/2")),
        // Several relations in one
        (r#"</2>; rel="start  next""#, Some("/2")),
        (r#"</2>; rel="nextest""#, None),
        // Other parameters
        (r#"</2>; title="next, please"; rel=next; type="text/html""#, Some("/2")),
        (r#"</2>; title*=UTF-8'de'n%c3%a4chste; rel=next"#, Some("/2")),
        ("</2>; nofollow; rel=next", Some("/2")),
        // Commas and semicolons in a target
        ("</a,b;c?d=e,f>; rel=next", Some("/a,b;c?d=e,f")),
        // The first of several
        ("</2>; rel=next, </3>; rel=next", Some("/2")),
        // An empty list element
        (", ,</1>; rel=prev,,</2>; rel=next", Some("/2")),
    ] {
        assert_eq!(next_link(header), expected, "{header}");
    }
}

#[test]
fn what_only_looks_like_a_next_link_is_none() {
    for header in [
        "",
        ",",
        "next",
        "https://api.test/2; rel=next",
        "<>",
        "</2>",
        "</2>; rel",
        "</2>; rel=",
        "</2>; rel=\"\"",
        "</2>; rel=prev",
        "</2>; xrel=next",
        "</2>; title=next",
        // In another link's title
        r#"</1>; title="</2>; rel=next"; rel=prev"#,
        r#"</1>; title="\"; rel=next; x=\""; rel=prev"#,
        // Only the first rel counts
        "</2>; rel=prev; rel=next",
        // It is the next page of something else
        r##"</2>; rel=next; anchor="#other""##,
        r#"</2>; anchor="/other"; rel=next"#,
        // Broken
        "</2; rel=next",
        "/2>; rel=next",
        "</1> </2>; rel=next",
        "</1>; rel=prev x </2>; rel=next",
        r#"</1>; title="never closed; rel=next, </2>; rel=next"#,
    ] {
        assert_eq!(next_link(header), None, "{header}");
    }
}

#[test]
fn escapes_and_open_quotes_are_read_as_the_rfc_says() {
    assert_eq!(next_link(r#"</2>; rel="\n\e\x\t""#), Some("/2"));
    assert_eq!(next_link(r#"</2>; rel="next"#), Some("/2"), "a quote that is never closed ends with the value");
    assert_eq!(next_link(r#"</2>; rel="next\"#), Some("/2"));
    assert_eq!(next_link(r#"</2>; title="\\"; rel=next"#), Some("/2"), "an escaped backslash escapes nothing");
    assert_eq!(next_link(r#"</2>; rel="next"junk, </3>; rel=next"#), Some("/2"));
}

#[test]
fn a_long_header_takes_no_longer_than_its_length() {
    // Quadratic, each of these would take minutes.
    for part in ["<", ";", "; a", "; a=\"", ",", ",<>", "; rel=\"\\", ",<a>; rel=\"x\""] {
        assert_eq!(next_link(&format!("<>{}", part.repeat(300_000))), None, "{part}");
    }
}

fn parameter() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,5}=[a-z0-9]{0,6}".prop_filter("no second relation", |text| !text.starts_with("rel=")),
        "[ -~]{0,12}".prop_map(|text| format!("title=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
    ]
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_and_what_it_finds_is_in_the_header(header in "[<>;,=\"\\\\ \tarelnxtöü€]{0,60}") {
        if let Some(target) = next_link(&header) {
            let found = format!("<{target}>");
            prop_assert!(header.contains(&found), "{target}");
        }
    }

    #[test]
    fn the_one_next_link_is_found_among_others(
        before in prop::collection::vec(prop::collection::vec(parameter(), 0..4), 0..4),
        target in "[!-=?-~]{0,20}",
        parameters in prop::collection::vec(parameter(), 0..4),
        at in any::<prop::sample::Index>(),
        after in "[ -~]{0,30}",
    ) {
        let mut links: Vec<_> = before.iter().map(|all| link("/other", all, "prev", 0)).collect();
        links.push(link(&target, &parameters, "next", at.index(parameters.len() + 1)));
        let header = format!("{}, {after}", links.join(", "));
        prop_assert_eq!(next_link(&header), Some(target.as_str()), "{}", header);
    }
}

/// A link with its relation among its parameters.
fn link(target: &str, parameters: &[String], relation: &str, at: usize) -> String {
    let mut parameters = parameters.to_vec();
    parameters.insert(at, format!("rel=\"{relation}\""));
    format!("<{target}>; {}", parameters.join("; "))
}
