use std::fs;
use std::io;

use sitewatch::report::Output;

#[test]
fn a_failure_half_way_leaves_the_old_file_whole_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, "old").unwrap();
    let error = Output::prepare(&path)
        .unwrap()
        .write(|file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
    assert_eq!(error.to_string(), format!("can't write the report to {}: no storage space", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn preparing_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.json");
    Output::prepare(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_place_that_takes_no_file_is_refused_before_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/report.json");
    let error = Output::prepare(&missing).unwrap_err();
    assert_eq!(error.path(), missing);
    assert!(Output::prepare(folder.path()).unwrap_err().to_string().contains("directory"));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{Output, fs};

    #[test]
    fn the_new_file_has_the_permissions_of_any_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ordinary) = (folder.path().join("report"), folder.path().join("ordinary"));
        fs::write(&ordinary, "").unwrap();
        Output::prepare(&path).unwrap().write(|file| file.write_all(b"x")).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }

    #[test]
    fn a_symbolic_link_stays_one_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink("target", &link).unwrap();
        Output::prepare(&link).unwrap().write(|file| file.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");

        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        let error = Output::prepare(&folder.path().join("a")).unwrap_err();
        assert!(error.to_string().ends_with("too many levels of symbolic links"), "{error}");
    }

    #[test]
    fn a_device_is_written_to_and_never_replaced() {
        let null = std::path::Path::new("/dev/null");
        Output::prepare(null).unwrap().write(|file| file.write_all(b"x")).unwrap();
        assert!(!fs::metadata(null).unwrap().is_file());
    }
}
