use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use integration_tests::is_recording;
use tour::{DEMOS, Demo};

use crate::support::{run, text};

/// What each demo says and draws on virtual time, as the book shows it.
fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded")
}

#[test]
fn every_demo_says_and_draws_what_is_recorded() {
    for demo in DEMOS {
        plays_as_recorded(demo, demo.word, &[]);
    }
}

#[test]
fn every_first_attempt_says_and_draws_what_is_recorded() {
    for demo in DEMOS.iter().filter(|demo| demo.broken.is_some()) {
        plays_as_recorded(demo, &format!("{}-broken", demo.word), &["--broken"]);
    }
}

#[test]
fn every_recording_belongs_to_a_demo() {
    let demos = DEMOS.iter().map(|demo| demo.word.to_owned());
    let broken = DEMOS.iter().filter(|demo| demo.broken.is_some()).map(|demo| format!("{}-broken", demo.word));
    let files = fs::read_dir(recorded()).unwrap().map(|entry| entry.unwrap().path());
    let kept: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(kept, demos.chain(broken).collect());
}

#[test]
fn every_demo_plays_on_real_time_too() {
    // Two at a time: they sleep most of it, and what they claim of their times leaves some room.
    let (left, failed) = (Mutex::new(DEMOS.iter()), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap().next();
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while let Some(demo) = next() {
                    failed.lock().unwrap().extend(plays_the_same_scenes(demo));
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), Vec::<String>::new());
}

/// Plays a demo on real time; what it said, if it failed or has other scenes than on virtual time.
fn plays_the_same_scenes(demo: &Demo) -> Option<String> {
    let broken = demo.broken.map(|_| (format!("{}-broken", demo.word), "--broken"));
    let mut parts = [(demo.word.to_owned(), "")].into_iter().chain(broken);
    // A machine that stood still for a moment is late for what a demo claims of its times; what is wrong fails each time.
    parts.find_map(|(name, arg)| (0..3).map_while(|_| fails(demo, &name, arg)).nth(2))
}

fn fails(demo: &Demo, name: &str, arg: &str) -> Option<String> {
    let output = run(demo.word, if arg.is_empty() { &[] } else { std::slice::from_ref(&arg) });
    let said = text(&output.stdout);
    let recorded = fs::read_to_string(recorded().join(name).with_extension("out")).unwrap();
    let has_scenes = scenes(&recorded).all(|scene| scenes(said).any(|said| said == scene));
    let errors = String::from_utf8_lossy(&output.stderr);
    (!output.status.success() || !has_scenes).then(|| format!("{name}: {said}{errors}"))
}

/// Their titles, but for how large something is.
fn scenes(said: &str) -> impl Iterator<Item = String> + '_ {
    let titles = said.lines().filter(|line| line.starts_with("--- "));
    titles.map(|title| title.replace(|c: char| c.is_ascii_digit(), ""))
}

fn plays_as_recorded(demo: &Demo, name: &str, args: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("figure.svg");
    let args = [&["--virtual", "--svg", svg.to_str().unwrap()][..], args].concat();
    let output = run(demo.word, &args);
    let (said, errors) = (text(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {args:?} failed: {said}{errors}", demo.word);
    let drawn = fs::read_to_string(&svg).unwrap();
    assert!(said.starts_with("--- "), "{} begins with a scene: {said}", demo.word);
    let lines = said.lines().filter(|line| line.contains(" ms  ")).count();
    assert!(lines >= 2, "{} {args:?} says {lines} lines with a time", demo.word);
    is_a_figure(demo, &drawn);
    for (extension, now) in [("out", said), ("svg", &*drawn)] {
        let file = recorded().join(name).with_extension(extension);
        if is_recording() {
            fs::write(&file, now).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(now, kept, "{} is another; `cargo xtask figures` keeps what it is now", file.display());
    }
}

fn is_a_figure(demo: &Demo, svg: &str) {
    let word = demo.word;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{word}: {svg}");
    assert!(svg.contains("prefers-color-scheme: dark"), "{word} is readable in the dark");
    assert!(svg.lines().all(|line| !line.trim().is_empty()), "{word}: a blank line would end the HTML around it");
    for foreign in ["href", "@import", "url(", "<image", "<script"] {
        assert!(!svg.contains(foreign), "{word} needs nothing from elsewhere, such as {foreign}");
    }
    for open in ["<rect", "<text", "<path", "<title"] {
        let close = open.replace('<', "</");
        assert_eq!(svg.matches(open).count(), svg.matches(&*close).count(), "{word}: each {open} is closed");
    }
}
