use std::process::Command;

use crate::support::{book, files, read};

#[test]
fn every_listing_prints_what_the_book_shows() {
    for (name, _) in book::listings::ALL {
        let output = Command::new(env!("CARGO_BIN_EXE_book")).arg(name).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name} failed: {printed}");
        let kept = read(&book().join("listings").join(name).with_extension("out"));
        assert_eq!(printed, kept, "{name}; `cargo xtask figures` writes it anew");
    }
}

#[test]
fn every_output_that_is_kept_belongs_to_a_listing() {
    let listings = book().join("listings");
    for path in files(&listings, "out") {
        let name = path.strip_prefix(&listings).unwrap().with_extension("");
        let name = name.to_str().unwrap();
        assert!(book::listings::ALL.iter().any(|(known, _)| *known == name), "nothing prints {name}.out");
    }
}

#[test]
fn a_listing_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_book")).arg("queue/nothing").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("there is no listing \"queue/nothing\""));
}
