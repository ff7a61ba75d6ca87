//! Values that are never told.
use patterns_core::settings::{Findings, Settings, Validate};
use serde::{Deserialize, Serialize};

use super::{Folder, flag};

#[test]
fn a_secret_is_not_told() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Db {
        db: Login,
    }
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Login {
        password: u32,
        user: u32,
    }
    let told = |settings: Settings| Folder::new().refused::<Db>(&settings.secret("db.password"));
    assert_eq!(told(flag("db.password", "hunter2")), "--flag: db.password = (hidden): not valid");
    assert!(told(flag("db.user", "me")).contains("\"me\""));
    assert!(!told(flag("db", "{\"password\": \"hunter2\"}")).contains("hunter2"));
    assert!(!told(flag("db", "hunter2")).contains("hunter2"));
}

#[test]
fn a_secret_is_not_told_as_a_part_of_what_is_around_it_either() {
    #[derive(Default, Serialize, Deserialize)]
    struct Service {
        db: Option<Db>,
        name: String,
    }
    #[derive(Default, Serialize, Deserialize)]
    struct Db {
        password: String,
        port: u16,
    }
    impl Validate for Service {
        fn validate(&self, findings: &mut Findings) {
            findings.refuse("dbb.port", "must be even");
        }
    }
    let secret = || Settings::new().secret("db.password");
    let text =
        Folder::new().refused::<Service>(&secret().env("APP", [("APP_DB", r#"{"password": "hunter2", "port": "x"}"#)]));
    assert!(text.starts_with("environment variable APP_DB: db.port = (hidden): "), "{text}");
    let loaded = secret().env("APP", [("APP_DB", r#"{"password": "hunter2", "port": 3}"#)]);
    let text = loaded.load_valid::<Service>().err().unwrap().to_string();
    assert!(text.contains("dbb.port = (hidden): must be even"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
