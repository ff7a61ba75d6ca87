use crate::support::{book, files, read};

#[test]
fn every_figure_is_the_one_that_its_run_draws() {
    for (name, draw) in book::figures::ALL {
        let kept = read(&book().join("src/figures").join(name).with_extension("svg"));
        assert!(draw().unwrap() == kept, "{name} differs; `cargo xtask figures` draws it anew");
    }
}

#[test]
fn every_figure_that_is_kept_is_drawn_by_a_run() {
    for path in files(&book().join("src/figures"), "svg") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(book::figures::ALL.iter().any(|(known, _)| *known == name), "nothing draws {}", path.display());
    }
}

#[test]
fn no_figure_has_a_blank_line_or_an_element_that_closes_itself() {
    // A blank line ends the HTML of a chapter that includes it; the other is no HTML.
    for (name, draw) in book::figures::ALL {
        let figure = draw().unwrap();
        assert!(figure.lines().all(|line| !line.trim().is_empty()), "{name}");
        assert!(!figure.contains("/>"), "{name}");
    }
}
