//! A folder is checked as a static server would answer.

use super::{all_of, check, check_with, config, findings, site};
use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::{CheckConfig, Patterns};
use sitewatch::report::{Reason, Status};

#[tokio::test(start_paused = true)]
async fn every_page_is_found_and_what_is_missing_is_named_with_its_place() {
    let report = check(&[
        ("index.html", "<p>\n  <a href=\"a.html\">A</a> <a href='b/'>B</a> <a href=nope.html>No\n pe</a>"),
        ("a.html", "<img src=pic.png alt=x><a href='index.html#start'>home</a>"),
        ("b/index.html", "<a href='../a.html'>A</a>"),
        ("lonely.html", "<a href='lonely.html'>me</a>"),
        ("pic.png", ""),
    ])
    .await;
    assert_eq!(report.summary().pages, 4);
    assert_eq!(
        findings(&report),
        ["a.html:1:24 index.html#start -> missing-fragment", "index.html:2:45 nope.html -> missing-file"]
    );
    assert_eq!(report.orphans(), ["lonely.html"]);
    assert_eq!(report.links().iter().last().unwrap().text, "No pe");
    assert_eq!(report.summary().counts.total(), 7);
}

#[tokio::test(start_paused = true)]
async fn fragments_are_found_by_id_and_name_decoded_and_the_special_ones_always() {
    let report = check(&[(
        "index.html",
        "<p id='a b'><a name=old></a><i id='x%3Cy'>\
         <a href='#a%20b'>1</a><a href='#old'>2</a><a href='#x%3Cy'>3</a><a href='#'>4</a><a href='#top'>5</a>\
         <a href='#a%20b:~:text=hello'>6</a><a href='#:~:text=hello'>7</a><a href='#A%20B'>8</a>",
    )])
    .await;
    assert_eq!(findings(&report), ["index.html:1:209 #A%20B -> missing-fragment"]);
}

#[tokio::test(start_paused = true)]
async fn folders_answer_with_their_index_and_redirect_without_their_slash() {
    let report = check(&[
        (
            "index.html",
            "<a href=sub>1</a><a href=sub/>2</a><a href=empty/>3</a><a href='sub#here'>4</a><a href='/'>5</a>",
        ),
        ("sub/index.html", "<p id=here>"),
        ("empty/data.bin", ""),
    ])
    .await;
    assert_eq!(
        findings(&report),
        [
            "index.html:1:1 sub -> moved-permanently",
            "index.html:1:36 empty/ -> no-index",
            "index.html:1:56 sub#here -> moved-permanently",
        ]
    );
    let redirected = report.links().iter().next().unwrap();
    assert_eq!(&*redirected.verdict.redirects, [Box::<str>::from("sub/index.html")]);
}

#[tokio::test(start_paused = true)]
async fn a_base_changes_where_links_lead_and_odd_paths_resolve_as_in_a_browser() {
    let report = check(&[
        ("index.html", "<base href='/deep/er/'><a href='../a%20b.html?x=1#top'>1</a><a href='..\\a b.html'>2</a>"),
        ("deep/a b.html", "<a href='../../../../index.html'>3</a>"),
    ])
    .await;
    assert_eq!(findings(&report), Vec::<String>::new());
    assert_eq!(report.summary().counts.of(Status::Ok), 3);
}

#[tokio::test(start_paused = true)]
async fn a_folder_without_its_slash_is_followed_to_its_index() {
    let folder = site(&[("index.html", "<a href=sub>1</a>"), ("sub/index.html", "<a href=gone.html>2</a>")]);
    let target = Target::Folder { root: folder.path().to_owned(), from: Some("index.html".into()) };
    let report = Checker::new(config()).run(&target).await.unwrap();
    assert_eq!(
        findings(&report),
        ["index.html:1:1 sub -> moved-permanently", "sub/index.html:1:1 gone.html -> missing-file"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_base_holds_for_what_stands_before_it_too() {
    let report = check(&[("index.html", "<a href=x.html>1</a><base href=sub/>"), ("sub/x.html", "")]).await;
    assert_eq!(findings(&report), Vec::<String>::new());
    assert!(report.orphans().is_empty());
}

#[tokio::test(start_paused = true)]
async fn names_that_mean_something_in_a_url_are_names_like_any_other() {
    let report = check(&[
        ("index.html", "<a href='100%2525%20dir/p.html'>1</a>"),
        ("100%25 dir/p.html", "<a href='a/x y.html'>2</a>"),
        ("100%25 dir/a/x y.html", ""),
    ])
    .await;
    assert_eq!(findings(&report), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn filters_and_limits_that_leave_nothing_are_refused() {
    let folder = site(&[("index.html", "")]);
    let include = Patterns::new(["zzz"]).unwrap();
    for (config, sentence) in [
        (CheckConfig { include, ..config() }, "nothing is left to check"),
        (CheckConfig { depth: Some(1), ..config() }, "--depth counts links from a page"),
        (CheckConfig { scope: sitewatch::config::Scope::Host, ..config() }, "--scope is for sites"),
    ] {
        let error = check_with(&folder, config).await.unwrap_err();
        assert!(error.to_string().starts_with(sentence), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_climbs_out_of_the_folder_is_told_apart_from_a_missing_file() {
    let report = check(&[
        ("index.html", "<a href='../style.css'>1</a><a href='../index.html'>stops at the top</a><a href=x.css>2</a>"),
        ("sub/a.html", "<a href='../style.css'>3</a><a href='../../style.css'>4</a>"),
    ])
    .await;
    assert_eq!(
        findings(&report),
        [
            "index.html:1:1 ../style.css -> outside-folder",
            "index.html:1:73 x.css -> missing-file",
            "sub/a.html:1:1 ../style.css -> missing-file",
            "sub/a.html:1:29 ../../style.css -> outside-folder",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn links_that_are_not_checked_are_counted_by_their_reason() {
    let report = check(&[(
        "index.html",
        "<a href='mailto:a@b.c'>m</a><a href='tel:+1'>t</a><img src='data:,x'><a href='javascript:x()'>j</a>\
         <a href='ftp://x/y'>f</a><a href='https://example.org/'>e</a><a href='http://[::'>bad</a>",
    )])
    .await;
    let counts: Vec<_> = report.summary().counts.reasons().collect();
    assert_eq!(
        counts,
        [
            (Reason::MalformedUrl, 1),
            (Reason::Mailto, 1),
            (Reason::Tel, 1),
            (Reason::Data, 1),
            (Reason::Javascript, 1),
            (Reason::Scheme, 1),
            (Reason::External, 1),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_to_start_from_limits_the_check_to_what_it_leads_to() {
    let folder = site(&[
        ("index.html", "<a href=a.html>a</a>"),
        ("a.html", "<a href=gone.html>x</a>"),
        ("other.html", "<a href=alsogone.html>x</a>"),
    ]);
    let target = Target::Folder { root: folder.path().to_owned(), from: Some("index.html".into()) };
    let report = Checker::new(config()).run(&target).await.unwrap();
    assert_eq!(report.summary().pages, 2);
    assert_eq!(findings(&report), ["a.html:1:1 gone.html -> missing-file"]);
    assert!(report.orphans().is_empty());

    let nowhere = Target::Folder { root: folder.path().to_owned(), from: Some("nope.html".into()) };
    let error = Checker::new(config()).run(&nowhere).await.unwrap_err();
    assert!(error.to_string().starts_with("no HTML page nope.html in the folder "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn depth_and_max_pages_cut_off_the_same_pages_in_every_run() {
    let pages: Vec<(String, String)> = (0..20)
        .map(|n| {
            let links: String = (1..=4).map(|k| format!("<a href=p{}.html>x</a>", (n * 3 + k) % 20)).collect();
            (format!("p{n}.html"), links)
        })
        .collect();
    let files: Vec<(&str, &str)> = pages.iter().map(|(path, html)| (path.as_str(), html.as_str())).collect();
    let folder = site(&files);
    let target = Target::Folder { root: folder.path().to_owned(), from: Some("p0.html".into()) };
    let pages = async |depth, max_pages| {
        let config = CheckConfig { depth, max_pages, ..config() };
        Checker::new(config).run(&target).await.unwrap().summary().pages
    };
    assert_eq!(pages(Some(0), None).await, 1);
    assert_eq!(pages(Some(1), None).await, 5);
    assert_eq!(pages(None, Some(7)).await, 7);
    assert_eq!(pages(None, None).await, 20);
}

#[tokio::test(start_paused = true)]
async fn excluded_and_ignored_things_are_left_out_and_counted() {
    let folder = site(&[
        ("index.html", "<a href=skip/me.html>1</a><a href='src.html#10-20'>2</a><a href='src.html#no'>3</a>"),
        ("skip/me.html", "<a href=gone.html>x</a>"),
        ("src.html", ""),
    ]);
    let patterns = |pattern| Patterns::new([pattern]).unwrap();
    let config = CheckConfig { exclude: patterns("^skip/"), ignore_fragment: patterns(r"^\d+-\d+$"), ..config() };
    let report = check_with(&folder, config).await.unwrap();
    assert_eq!(findings(&report), ["index.html:1:57 src.html#no -> missing-fragment"]);
    assert_eq!(report.summary().pages, 2);
    assert_eq!(report.summary().ignored_fragments, 1);
    assert_eq!(report.summary().counts.with(Status::Skipped).collect::<Vec<_>>(), [(Reason::Excluded, 1)]);
}

#[tokio::test(start_paused = true)]
async fn two_runs_give_the_same_bytes_but_for_times() {
    let folder = site(&[
        ("index.html", "<a href=a.html>1</a><a href=x1>2</a><a href=mailto:a>3</a>"),
        ("a.html", "<a href=x2>1</a><a href=index.html#n>2</a>"),
        ("b.html", "<a href=x3>1</a>"),
    ]);
    let mut texts = Vec::new();
    for workers in [1, 2, 4] {
        let mut config = CheckConfig { workers: workers.try_into().ok(), ..config() };
        config.report.all = true;
        let report = check_with(&folder, config).await.unwrap();
        let mut out = Vec::new();
        report.write(sitewatch::report::Format::Json, Default::default(), &mut out).unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        json["summary"]["elapsed_ms"] = 0.into();
        texts.push(json.to_string());
    }
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_without_html_is_refused_in_one_sentence() {
    let folder = site(&[("readme.txt", "hello")]);
    let error = Checker::new(config()).run(&all_of(folder.path())).await.unwrap_err();
    assert!(error.to_string().starts_with("no HTML file in the folder "), "{error}");
}
