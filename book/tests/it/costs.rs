use crate::support::{book, files, read};

#[test]
fn every_table_and_plot_shows_what_was_measured_last() {
    for (name, prefix) in book::costs::ALL {
        let kept = read(&book().join("costs").join(name).with_extension("md"));
        let measured = book::costs::table(prefix).unwrap();
        assert!(measured == kept, "{name} differs; `cargo xtask figures` writes it anew");
        let kept = read(&book().join("costs").join(name).with_extension("svg"));
        let measured = book::plot::draw(name, &book::costs::rows(prefix).unwrap());
        assert!(measured == kept, "the plot of {name} differs; `cargo xtask figures` draws it anew");
    }
}

#[test]
fn every_table_that_is_kept_is_made_from_results() {
    for path in files(&book().join("costs"), "md") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(book::costs::ALL.iter().any(|(known, _)| *known == name), "nothing makes {}", path.display());
    }
}
