use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Expanded, chapter};

/// A folder of its own for a test, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir()
            .join(format!("book-expand-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn expand(&self) -> Result<Expanded, Vec<String>> {
        let book = self.0.join("book");
        chapter(&book, &book.join("src/queue.md")).map_err(|problems| {
            problems.iter().map(ToString::to_string).collect()
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const LISTING: &str = "\
use std::fmt;
// ANCHOR: all
fn a() {}
// ANCHOR: inner
fn b() {}
// ANCHOR_END: inner
// ANCHOR_END: all
fn main() {}
";

fn expand(text: &str) -> Result<String, Vec<String>> {
    let files = [
        ("book/src/queue.md", text),
        ("book/listings/a.rs", LISTING),
        ("book/python/a.py", "a = 1\n"),
    ];
    Folder::new(&files).expand().map(|expanded| expanded.text)
}

#[test]
fn a_whole_file_comes_without_its_markers() {
    let text = "```rust\n{{#include ../listings/a.rs}}\n```\n";
    let expected =
        "```rust\nuse std::fmt;\nfn a() {}\nfn b() {}\nfn main() {}\n```\n";
    assert_eq!(expand(text).unwrap(), expected);
}

#[test]
fn an_anchor_comes_without_the_markers_inside() {
    let text = "```rust\n{{#include ../listings/a.rs:all}}\n```\n";
    assert_eq!(expand(text).unwrap(), "```rust\nfn a() {}\nfn b() {}\n```\n");
}

#[test]
fn the_rest_of_a_rustdoc_include_is_hidden() {
    let text = "```rust\n{{#rustdoc_include ../listings/a.rs:inner}}\n```\n";
    let expected = "```rust\n# use std::fmt;\n# fn a() {}\nfn b() {}\n# fn main() {}\n```\n";
    assert_eq!(expand(text).unwrap(), expected);
}

#[test]
fn included_files_are_named_so_that_cargo_watches_them() {
    let folder = Folder::new(&[
        ("book/src/queue.md", "{{#include a.txt}}\n"),
        ("book/src/a.txt", "x"),
    ]);
    let expanded = folder.expand().unwrap();
    assert_eq!(expanded.included, [folder.0.join("book/src/a.txt")]);
}

#[test]
fn an_escaped_directive_is_text() {
    assert_eq!(
        expand("write `\\{{#include x}}`\n").unwrap(),
        "write `{{#include x}}`\n"
    );
}

#[test]
fn each_fault_is_named_with_chapter_and_line() {
    for (text, expected) in [
        (
            "\n{{#include ../listings/b.rs}}\n",
            "book/src/queue.md:2: cannot include ../listings/b.rs",
        ),
        (
            "\n\n{{#include ../listings/a.rs:c}}\n",
            "book/src/queue.md:3: no anchor \"c\" in listings/a.rs",
        ),
        (
            "{{#include ../listings/a.rs:3:5}}\n",
            "book/src/queue.md:1: ../listings/a.rs:3:5 names lines",
        ),
        ("{{#include }}\n", "book/src/queue.md:1: {{#include}} needs one file"),
        (
            "{{#playground a.rs}}\n",
            "book/src/queue.md:1: there is no use for {{#playground}}",
        ),
        ("{{#include a\n", "book/src/queue.md:1: a directive that doesn't end"),
        (
            "```\nfn x() {}\n```\n",
            "book/src/queue.md:1: a code block without a language",
        ),
        (
            "```rs\nfn x() {}\n```\n",
            "book/src/queue.md:1: no code block may be in \"rs\"",
        ),
        (
            "```rust,no_run\nfn x() {}\n```\n",
            "book/src/queue.md:1: \"no_run\" is not allowed",
        ),
        (
            "\n```rust,ignore\nfn x() {}\n```\n",
            "book/src/queue.md:2: ignored Rust is included",
        ),
        ("```python\na = 1\n```\n", "book/src/queue.md:1: Python is included"),
        ("```text\n", "book/src/queue.md:1: this code block is never closed"),
    ] {
        let problems = expand(text).unwrap_err();
        assert!(
            problems.len() == 1 && problems[0].starts_with(expected),
            "{text:?} gave {problems:?}"
        );
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems =
        expand("{{#include x}}\n{{#include ../listings/a.rs:y}}\n```\n```\n")
            .unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn an_anchor_with_nothing_in_it_or_without_an_end_is_a_problem() {
    for (listing, expected) in [
        (
            "// ANCHOR: a\n\n// ANCHOR_END: a\n",
            "nothing inside of the anchor \"a\"",
        ),
        (
            "// ANCHOR_END: a\nx\n// ANCHOR: a\n",
            "nothing inside of the anchor \"a\"",
        ),
        ("// ANCHOR: a\nx\n", "no end of the anchor \"a\""),
    ] {
        let folder = Folder::new(&[
            ("book/src/queue.md", "{{#include l.rs:a}}\n"),
            ("book/src/l.rs", listing),
        ]);
        let problems = folder.expand().unwrap_err();
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn what_is_outside_of_the_workspace_is_not_included() {
    let folder = Folder::new(&[
        ("w/book/src/queue.md", "{{#include ../../../secret}}\n"),
        ("secret", "x"),
    ]);
    let book = folder.0.join("w/book");
    let problems = chapter(&book, &book.join("src/queue.md")).unwrap_err();
    assert!(
        problems[0].to_string().contains("outside of this workspace"),
        "{problems:?}"
    );
}
