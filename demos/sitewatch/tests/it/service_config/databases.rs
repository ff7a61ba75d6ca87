//! Where everything is kept: what of it can be known to be wrong before it is opened.
use sitewatch::config::CheckConfig;
use sitewatch::service::config::{for_check, load_with, show};
use sitewatch::store::Location;

use super::{Folder, NO_VARS, loaded, refused};

/// What is told of a database, without its key and what it is called.
fn told(database: &str) -> String {
    let told = refused(&format!("database = {database:?}\n"));
    assert!(!told.contains("SECRET"), "{told}");
    told.strip_prefix("s.toml:1: database = ").unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn a_database_of_another_kind_is_refused_and_its_password_not_told() {
    let expected = "expected a file, or postgres://user@host/database";
    for (database, shown) in [
        ("mysql://u:pwSECRET@h/x", "mysql://h/x"),
        ("postgre://u:pwSECRET@h:5432/x", "postgre://h:5432/x"),
        ("sqlite://sites.db", "sqlite://sites.db"),
        ("mysql://u:p/w@SECRET@h/x", "mysql://h/x"),
        ("mysql://h/x?password=SECRET", "mysql://h/x"),
        ("mysql://u:p?SECRET@h/x", "mysql://"),
        ("postgres://", "postgres://"),
    ] {
        assert_eq!(told(database), format!("{shown:?}: {expected}"));
    }
    let flag = ("database", "--database", "mysql://u:pwSECRET@h/x".to_owned());
    let folder = Folder::new();
    let error = load_with(&folder.write("s.toml", ""), NO_VARS, [flag]).unwrap_err().to_string();
    assert_eq!(error, format!("--database: database = \"mysql://h/x\": {expected}"));
    let shown = show(&folder.write("s.toml", "database = 'mysql://u:pwSECRET@h/x'\n"), NO_VARS).unwrap_err();
    assert!(!shown.to_string().contains("SECRET"), "{shown}");
}

#[test]
fn schemes_have_no_case() {
    for database in ["postgres://u:pwSECRET@h/x", "POSTGRES://u:pwSECRET@h/x", "PostgreSQL://u:pwSECRET@h/x"] {
        let config = loaded(&format!("database = '{database}'\n"));
        assert!(!format!("{config:?}").contains("SECRET"), "{config:?}");
        let location = Location::of(&config.database).unwrap();
        assert_eq!(location, Location::Postgres("postgres://u:pwSECRET@h/x".to_owned()));
        assert_eq!(format!("{location} {location:?}"), "postgres://u@h/x postgres://u@h/x");
    }
}

#[test]
fn what_is_wrong_with_a_server_is_named() {
    for (database, problem) in [
        ("postgres://w:SECRET@h:notaport/x", "\"postgres://h:notaport/x\": invalid value for option `port`"),
        ("postgres://w:SECRET@h/x?sslmode=maybe", "\"postgres://h/x\": invalid value for option `sslmode`"),
        (
            "postgres://w:SECRET@h/x?sslmode=require",
            "\"postgres://h/x\": connections to PostgreSQL are not encrypted: leave sslmode=require out",
        ),
        (
            "postgres://w:x@SECRET@h/x",
            "\"postgres://h/x\": in names, passwords and parameters @ is written as %40, ? as %3F, and # as %23",
        ),
    ] {
        assert_eq!(told(database), problem);
    }
    loaded("database = 'postgres://w:x@h1:5432,h2:5433/x?sslmode=prefer&connect_timeout=5'\n");
}

#[test]
fn a_server_is_shown_as_whoever_connects_reads_it_and_without_its_password() {
    for (server, shown) in [
        ("postgres://u:12/SECRET@h/x", "postgres://u@h/x"),
        ("postgres://u:SECRET@h1:1,h2:2/x?password=SECRET", "postgres://u@h1:1,h2:2/x"),
        ("postgres://h/x?password=SECRET", "postgres://h/x"),
        ("postgres://u@h", "postgres://u@h"),
    ] {
        assert_eq!(Location::of(server).unwrap().to_string(), shown);
    }
}

#[test]
fn a_file_that_can_not_be_there_is_refused_by_its_whole_path() {
    let folder = Folder::new();
    let missing = folder.0.path().join("no").join("sites.db");
    let reason = format!("there is no folder {}", folder.0.path().join("no").display());
    assert_eq!(told(missing.to_str().unwrap()), format!("{missing:?}: {reason}"));
    let here = std::path::absolute("no-such-folder").unwrap();
    let reason = format!("\"no-such-folder/sites.db\": there is no folder {}", here.display());
    assert_eq!(told("no-such-folder/sites.db"), reason);
    assert!(told(folder.0.path().to_str().unwrap()).ends_with(" is a folder, not a file"));
    assert!(refused("database = ' '\n").contains("expected the name of a file, or postgres://"));
    assert!(refused("database = ':memory:'\n").starts_with("s.toml:1: database = \":memory:\": "));
    assert_eq!(Location::of("sites.db").unwrap().absolute().to_string(), {
        std::path::absolute("sites.db").unwrap().display().to_string()
    });
}

#[test]
fn a_single_check_refuses_the_same() {
    let folder = Folder::new();
    let path = folder.write("s.toml", "db = 'mysql://u:pwSECRET@h/x'\n");
    let refused = for_check(Some(&path), NO_VARS).load_valid::<CheckConfig>().unwrap_err().to_string();
    let problem = "s.toml:1: db = \"mysql://h/x\": expected a file, or postgres://user@host/database";
    assert_eq!(folder.short(&refused), problem);
}
