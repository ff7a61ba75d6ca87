//! The table of all patterns, and the furniture of their chapters.

use std::collections::BTreeSet;
use std::path::Path;

use tour::DEMOS;

use crate::page::Page;
use crate::support::{book, read};

/// The parts of a chapter, in their order.
const PARTS: [&str; 12] = [
    "The problem",
    "A first attempt",
    "The idea",
    "Python and Rust",
    "Semantics",
    "When, and when not",
    "Pitfalls",
    "How it works",
    "Run it",
    "Testing it",
    "Cost",
    "See also",
];

const FACTS: [&str; 4] = ["Module", "Demo", "Python", "Related"];

const SEMANTICS: [&str; 9] =
    ["Bound", "Order", "Backpressure", "On error", "On panic", "On cancel", "On shutdown", "Memory", "Fairness"];

/// A row of `patterns.md`.
struct Row {
    id: String,
    chapter: String,
    code: String,
    tests: String,
    demo: String,
    twin: String,
    sitewatch: String,
}

fn rows() -> Vec<Row> {
    let page = Page::read(&book().join("src/patterns.md"));
    let rows = page.tables[0].iter().skip(1).map(|cells| {
        let [id, _pattern, chapter, code, tests, demo, twin, sitewatch] = cells.clone().try_into().unwrap();
        Row { id, chapter, code, tests, demo, twin, sitewatch }
    });
    rows.collect()
}

fn root() -> &'static Path {
    book().parent().unwrap()
}

#[test]
fn every_pattern_of_the_guides_has_its_row() {
    let ids: Vec<_> = rows().into_iter().map(|row| row.id).filter(|id| !id.is_empty()).collect();
    let wanted: Vec<_> = (1..=37).map(|n| format!("P{n:02}")).collect();
    assert_eq!(ids, wanted);
}

#[test]
fn every_row_has_its_code_tests_demo_twin_and_chapter() {
    for row in rows() {
        let name = format!("{} {}", row.id, row.chapter);
        assert!(root().join(&row.code).exists(), "{name}: there is no {}", row.code);
        let tests = read(&root().join(&row.tests));
        let has_tests = tests.contains("#[test]") || tests.contains("#[tokio::test");
        assert!(has_tests || tests.contains("mod "), "{name}: no tests in {}", row.tests);
        assert!(DEMOS.iter().any(|demo| demo.word == row.demo), "{name}: there is no demo {}", row.demo);
        for extension in ["py", "out"] {
            let twin = book().join("python").join(&row.twin).with_extension(extension);
            assert!(twin.exists(), "{name}: there is no {}", twin.display());
        }
        let used = row.sitewatch.is_empty() || root().join("demos/sitewatch/src").join(&row.sitewatch).exists();
        assert!(used, "{name}: there is no {}", row.sitewatch);
        assert!(book().join("src").join(&row.chapter).with_extension("md").exists(), "{name} has no chapter");
    }
}

#[test]
fn every_demo_and_every_twin_belongs_to_a_row() {
    let rows = rows();
    for demo in DEMOS {
        assert!(rows.iter().any(|row| row.demo == demo.word), "no row has the demo {}", demo.word);
    }
    // That of the chapter on cancellation, which is about all of them.
    let mut twins: BTreeSet<_> = rows.iter().map(|row| row.twin.clone()).collect();
    twins.insert("cancellation.py".to_owned());
    for twin in crate::support::files(&book().join("python"), "py") {
        let name = twin.file_name().unwrap().to_str().unwrap();
        assert!(twins.contains(name), "no row has the twin {name}");
    }
}

#[test]
fn every_chapter_of_a_pattern_has_the_same_parts_facts_and_semantics() {
    let words: BTreeSet<_> =
        rows().into_iter().map(|row| row.chapter).filter(|word| word != "best_practices").collect();
    let mut faults = Vec::new();
    for word in words {
        let page = Page::read(&book().join("src").join(&word).with_extension("md"));
        if page.parts != PARTS {
            faults.push(format!("{word} has the parts {:?}", page.parts));
        }
        if page.title != word {
            faults.push(format!("{word} is called {:?}", page.title));
        }
        let firsts =
            |table: &[Vec<String>]| -> Vec<String> { table.iter().skip(1).map(|row| row[0].clone()).collect() };
        if firsts(&page.tables[0]) != FACTS {
            faults.push(format!("{word} has the facts {:?}", firsts(&page.tables[0])));
        }
        let Some(semantics) = page.tables.iter().find(|table| table[0].last().is_some_and(|cell| cell == "shown by"))
        else {
            faults.push(format!("{word} has no semantics"));
            continue;
        };
        if firsts(semantics) != SEMANTICS {
            faults.push(format!("{word} has the semantics {:?}", firsts(semantics)));
        }
        for row in semantics.iter().skip(1) {
            if row[2].is_empty() && !row[1].starts_with("Not applicable") {
                faults.push(format!("{word}: nothing shows {}", row[0]));
            }
        }
        let demo = format!("cargo run -p tour --bin {word}");
        let run = page.tables[0].iter().any(|row| row[1].contains(&demo));
        if !run {
            faults.push(format!("{word} doesn't say how its demo is run"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_pitfall_names_the_test_that_proves_it() {
    let known = crate::chapters::known_tests();
    let mut faults = Vec::new();
    for path in crate::support::files(&book().join("src"), "md") {
        let text = read(&path);
        let Some((_, part)) = text.split_once("\n## Pitfalls\n") else { continue };
        let part = part.split("\n## ").next().unwrap();
        for pitfall in part.split("\n\n").map(str::trim).filter(|text| text.starts_with("**")) {
            let named = pitfall.split('`').any(|code| known.contains(code));
            if !named {
                faults.push(format!("{}: {}", path.display(), pitfall.lines().next().unwrap()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_module_names_its_chapter_and_every_chapter_its_module() {
    let mut modules = 0;
    for library in ["patterns-core", "actors"] {
        let source = root().join(library).join("src");
        for module in read(&source.join("lib.rs")).lines().filter_map(|line| line.strip_prefix("pub mod ")) {
            let module = module.trim_end_matches(';');
            if module == "prelude" {
                continue;
            }
            let flat = source.join(module).with_extension("rs");
            let file = if flat.exists() { flat } else { source.join(module).join("mod.rs") };
            let docs = read(&file);
            let link = docs.lines().find_map(|line| line.strip_prefix("//! In the book: ["));
            let Some((chapter, _)) = link.and_then(|link| link.split_once(']')) else {
                panic!("{} names no chapter", file.display());
            };
            assert!(docs.contains(&format!("](../../../book/{chapter}.html)")), "{}", file.display());
            let page = read(&book().join("src").join(chapter).with_extension("md"));
            let back = format!("../doc/{}/{module}/", library.replace('-', "_"));
            assert!(page.contains(&back), "{chapter} doesn't link {back}");
            modules += 1;
        }
    }
    assert!(modules > 30);
}
