//! The reference of sitewatch's settings, which the program makes.

use std::fs;

use integration_tests::is_recording;
use sitewatch::service::config::reference;

use crate::support::{book, read};

const BEGIN: &str = "<!-- settings: begin -->\n";
const END: &str = "<!-- settings: end -->\n";

#[test]
fn the_reference_of_the_settings_is_what_the_code_says() {
    let path = book().join("src/sitewatch_settings.md");
    let page = read(&path);
    let (before, rest) = page.split_once(BEGIN).expect("a marker of its beginning");
    let (kept, after) = rest.split_once(END).expect("a marker of its end");
    // Blank lines around it: what follows a comment is HTML up to the next one.
    let made = format!("\n{}\n\n", reference().trim());
    if is_recording() {
        fs::write(&path, [before, BEGIN, &made, END, after].concat()).unwrap();
    } else {
        assert!(kept == made, "it differs; `RECORD=1 cargo test -p book --test it settings` writes it anew");
    }
}
