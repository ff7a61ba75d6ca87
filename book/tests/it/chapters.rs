//! What the build can't see: links, and the tests that the text refers to.

use std::collections::BTreeSet;

use crate::page::{Page, is_sentence};
use crate::support::{book, files, read};

fn chapters() -> Vec<Page> {
    files(&book().join("src"), "md").iter().map(|path| Page::read(path)).collect()
}

/// Those into the documentation beside it are checked when both are built.
fn is_in_the_book(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("../doc/")
}

#[test]
fn every_link_between_chapters_leads_somewhere() {
    let chapters = chapters();
    for chapter in &chapters {
        for link in chapter.links.iter().filter(|link| is_in_the_book(link)) {
            let (page, fragment) = link.split_once('#').unwrap_or((link, ""));
            let page = if page.is_empty() { &chapter.name } else { page };
            let Some(target) = chapters.iter().find(|target| target.name == page) else {
                panic!("{}: there is no chapter {page}", chapter.name);
            };
            let known = fragment.is_empty() || target.headings.contains(fragment);
            assert!(known, "{}: {page} has no heading for #{fragment}: {:?}", chapter.name, target.headings);
        }
    }
}

#[test]
fn the_table_of_contents_has_every_chapter_once_and_nothing_else() {
    let (contents, chapters): (Vec<_>, Vec<_>) =
        chapters().into_iter().partition(|chapter| chapter.name == "SUMMARY.md");
    let mut listed = contents[0].links.clone();
    listed.sort();
    let there: Vec<_> = chapters.iter().map(|chapter| chapter.name.clone()).collect();
    assert_eq!(listed, there);
}

#[test]
fn every_test_that_a_chapter_names_exists() {
    let known = known_tests();
    let results = book().parent().unwrap().join("benches/results");
    let mut named = 0;
    // Python's own names may be as long.
    for chapter in chapters().iter().filter(|chapter| chapter.name != "from_asyncio.md") {
        for code in chapter.codes.iter().filter(|code| is_sentence(code)) {
            // Rows of the benchmarks have long names, too.
            let row = results.join(code).with_extension("json");
            assert!(known.contains(code) || row.exists(), "{}: there is no test {code}", chapter.name);
            named += 1;
        }
    }
    assert!(named > 20, "the chapters prove what they say");
}

#[test]
fn every_part_of_a_twin_that_a_chapter_names_exists() {
    let mut named = 0;
    for chapter in chapters() {
        for code in &chapter.codes {
            let Some((twin, part)) = code.split_once(".py:") else { continue };
            if twin == "file" {
                continue; // it stands for any
            }
            let path = book().join("python").join(twin).with_extension("py");
            let anchor = format!("# ANCHOR: {part}\n");
            assert!(read(&path).contains(&anchor), "{}: {twin}.py has no part {part}", chapter.name);
            named += 1;
        }
    }
    assert!(named > 40);
}

/// The names of all tests of the workspace.
pub(crate) fn known_tests() -> BTreeSet<String> {
    let root = book().parent().unwrap();
    let mut known = BTreeSet::new();
    for tests in [
        "patterns-core/tests",
        "actors/tests",
        "demos/sitewatch/tests",
        "demos/tour/tests",
        "integration-tests/tests",
        "book",
    ] {
        for file in files(&root.join(tests), "rs") {
            known.extend(tests_in(&read(&file)));
        }
    }
    known
}

/// The names of functions that follow a test's attribute.
fn tests_in(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("#[actix") {
            is_test = true;
        } else if let Some(function) = function {
            if is_test {
                found.extend(function.split_once('(').map(|(name, _)| name.to_owned()));
            }
            is_test = false;
        }
    }
    found
}
