use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tour::DEMOS;

use crate::support::{run, text};

/// The names of the Rust files in a folder of this crate.
fn files(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = paths.filter(|path| path.extension().is_some_and(|own| own == "rs"));
    sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_table_has_each_file_of_a_demo_and_each_binary_once() {
    let listed: BTreeSet<_> = DEMOS.iter().map(|demo| demo.word.to_owned()).collect();
    assert_eq!(listed.len(), DEMOS.len(), "no word is listed twice");
    assert_eq!(listed, files("src/bin"));
    let mut demos = files("src/demos");
    demos.remove("mod");
    assert_eq!(listed, demos);
}

#[test]
fn each_binary_plays_the_demo_of_its_name() {
    for demo in DEMOS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin").join(demo.word).with_extension("rs");
        let source = fs::read_to_string(path).unwrap();
        assert!(source.contains(&format!("tour::play(&tour::demos::{}::DEMO)", demo.word)), "{}", demo.word);
    }
}

#[test]
fn each_demo_says_in_one_sentence_what_it_shows() {
    for demo in DEMOS {
        assert!(demo.shows.ends_with('.') && demo.shows.len() > 40, "{}: {}", demo.word, demo.shows);
        assert!(!demo.shows.contains(". "), "{} says it in one sentence: {}", demo.word, demo.shows);
    }
}

#[test]
fn the_tour_lists_each_demo_with_its_sentence_and_its_command() {
    let output = run("tour", &[]);
    assert!(output.status.success());
    let list = text(&output.stdout);
    for demo in DEMOS {
        assert!(list.contains(&format!("{}: {}\n", demo.word, demo.shows)), "{}", demo.word);
        assert!(list.contains(&format!("cargo run -p tour --bin {} -- ", demo.word)), "{}", demo.word);
    }
    assert_eq!(list, text(&run("tour", &["--help"]).stdout));
}

#[test]
fn the_tour_says_how_a_demo_is_run_that_it_is_given_as_an_argument() {
    let output = run("tour", &["queue"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cargo run -p tour --bin queue"));
}
