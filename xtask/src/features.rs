//! Each feature of `patterns-core` alone.

use std::fs;

use crate::run::{cargo, root, run};

/// Checks that the crate builds with no feature, and with each one alone. With `test`, also runs the tests of each.
///
/// Those of all features together are run with everything else.
pub(crate) fn features(test: bool) -> Result<(), String> {
    let cargo = cargo();
    let base = ["--quiet", "--package", "patterns-core", "--no-default-features"];
    run(&cargo, &[&["check"], &base[..]].concat())?;
    for feature in names()? {
        run(&cargo, &[&["check"], &base[..], &["--features", &feature]].concat())?;
        if test {
            // Nearly all tests interrupt what they test at every await, which takes `testing`.
            let with_testing = format!("{feature},testing");
            run(&cargo, &[&["test"], &base[..], &["--features", &with_testing, "--lib", "--test", "it"]].concat())?;
        }
    }
    Ok(())
}

/// The names in the `[features]` of the manifest, but for the collections of all others.
fn names() -> Result<Vec<String>, String> {
    let path = root().join("patterns-core/Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let section =
        text.lines().skip_while(|line| *line != "[features]").skip(1).take_while(|line| !line.starts_with('['));
    let names = section.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned());
    Ok(names.filter(|name| name != "default" && name != "full").collect())
}
