//! Entries that begin with what a table of defaults says; parts of files; secrets whose place has no fixed name.
use std::collections::BTreeMap;
use std::time::Duration;

use patterns_core::settings::{ProblemKind, Settings, SettingsError, Source};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::Folder;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Fleet {
    name: String,
    defaults: Host,
    hosts: BTreeMap<String, Host>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Host {
    port: u16,
    key: Option<String>,
    password: Option<String>,
    tags: Vec<String>,
    link: Link,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Link {
    #[serde(with = "patterns_core::settings::duration")]
    timeout: Duration,
    retries: u8,
    labels: BTreeMap<String, u8>,
}

impl Default for Host {
    fn default() -> Self {
        Self { port: 22, key: None, password: None, tags: vec!["all".into()], link: Link::default() }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), retries: 3, labels: BTreeMap::new() }
    }
}

fn fleet() -> Settings {
    Settings::new().inherit("hosts", "defaults", &[&["key", "password"]])
}

fn loaded(text: &str) -> Fleet {
    let folder = Folder::new();
    fleet().file(folder.write("a.toml", text)).load().unwrap()
}

/// Everything that is told of a file, with short paths.
fn refused(settings: Settings, text: &str) -> String {
    let folder = Folder::new();
    folder.refused::<Fleet>(&settings.file(folder.write("a.toml", text)))
}

#[test]
fn an_entry_begins_with_the_defaults_and_those_with_the_programs_own() {
    let fleet =
        loaded("[defaults]\nport = 2222\nlink.retries = 5\n[hosts.a]\nlink.timeout = '5s'\n[hosts.b]\nport = 1\n");
    let (a, b) = (&fleet.hosts["a"], &fleet.hosts["b"]);
    assert_eq!((a.port, a.link.retries, a.link.timeout), (2222, 5, Duration::from_secs(5)));
    assert_eq!((b.port, b.link.retries, b.link.timeout), (1, 5, Duration::from_secs(30)));
    assert_eq!(fleet.defaults.port, 2222);
}

#[test]
fn tables_are_merged_and_lists_are_replaced() {
    let fleet = loaded(
        "[defaults]\ntags = ['x', 'y']\nlink.labels = { one = 1, two = 2 }\n\
         [hosts.a]\ntags = []\nlink.labels = { two = 22, three = 3 }\n[hosts.b]\n",
    );
    let labels = [("one", 1), ("two", 22), ("three", 3)].map(|(name, value)| (name.to_owned(), value));
    assert_eq!(fleet.hosts["a"].link.labels, BTreeMap::from(labels));
    assert_eq!((fleet.hosts["a"].tags.len(), &*fleet.hosts["b"].tags), (0, &["x".to_owned(), "y".to_owned()][..]));
}

#[test]
fn of_keys_that_exclude_each_other_an_entry_that_has_one_inherits_none() {
    let fleet = loaded("defaults.key = 'id'\nhosts.a.password = 'x'\nhosts.b.port = 1\nhosts.c.key = 'own'\n");
    let of = |name: &str| (fleet.hosts[name].key.as_deref(), fleet.hosts[name].password.as_deref());
    assert_eq!([of("a"), of("b"), of("c")], [(None, Some("x")), (Some("id"), None), (Some("own"), None)]);
}

#[test]
fn every_format_and_layer_may_say_of_both() {
    let folder = Folder::new();
    let yaml = folder.write("a.yaml", "defaults:\n  link:\nhosts:\n  web-1:\n    link:\n    tags: [x]\n");
    let fleet: Fleet = fleet()
        .file(yaml)
        .env(
            "APP",
            [
                ("APP_DEFAULTS__LINK__RETRIES", "7"),
                // As the file writes it.
                ("APP_HOSTS__WEB_1__PORT", "80"),
                ("APP_HOSTS__NEW", r#"{"port": "81"}"#),
                ("APP_HOSTS__OTHER__TAGS", "p, q"),
            ],
        )
        .set("hosts.other.link.retries", "9", "--retries")
        .load()
        .unwrap();
    let of = |name: &str| (fleet.hosts[name].port, fleet.hosts[name].link.retries, fleet.hosts[name].tags.join("+"));
    assert_eq!(of("web-1"), (80, 7, "x".to_owned()));
    assert_eq!(of("new"), (81, 7, "all".to_owned()), "an entry that only the environment has inherits too");
    assert_eq!(of("other"), (22, 9, "p+q".to_owned()));
    assert_eq!(fleet.hosts.len(), 3);
}

#[test]
fn what_is_wrong_in_the_defaults_is_told_once_and_where_it_stands() {
    let text = "[defaults]\nport = 'x'\nlink.retires = 1\ntags = [1]\n[hosts.a]\n[hosts.b]\nport = 'y'\n[hosts.c]\n";
    assert_eq!(
        refused(fleet(), text),
        "a.toml:2: defaults.port = \"x\": expected a whole number from 0 to 65535\n\
         a.toml:3: unknown key defaults.link.retires; did you mean defaults.link.retries?\n\
         a.toml:4: defaults.tags[0] = 1: expected a string\n\
         a.toml:7: hosts.b.port = \"y\": expected a whole number from 0 to 65535"
    );
}

#[test]
fn what_a_validation_finds_is_told_where_it_was_set_whoever_inherits_it() {
    let text = "[defaults]\nport = 0\n[hosts.a]\n[hosts.'b.c']\nport = 0\n[hosts.d]\nport = 1\n[hosts.e]\nkey = 'x'\n";
    let folder = Folder::new();
    let settings = fleet().file(folder.write("a.toml", text));
    let refused: SettingsError = settings
        .load_into(|fleet: Fleet, findings| {
            for (name, host) in &fleet.hosts {
                findings.inside(&["hosts", name], |findings| {
                    if host.port == 0 {
                        findings.refuse("port", "must be at least 1");
                    }
                    if host.key.is_none() {
                        findings.missing("key");
                    }
                });
            }
            None::<()>
        })
        .unwrap_err();
    assert_eq!(
        folder.told(&refused),
        "a.toml:2: defaults.port = 0: must be at least 1\n\
         a.toml:3: hosts.a.key is missing\n\
         a.toml:4: hosts.\"b.c\".key is missing\n\
         a.toml:5: hosts.\"b.c\".port = 0: must be at least 1\n\
         a.toml:6: hosts.d.key is missing"
    );
}

#[test]
fn what_is_no_table_where_one_belongs_is_told_and_does_not_spread() {
    assert_eq!(refused(fleet(), "defaults = 5\n[hosts.a]\n"), "a.toml:1: defaults = 5: expected a table");
    assert_eq!(refused(fleet(), "hosts = 5\n"), "a.toml:1: hosts = 5: expected a table");
    assert_eq!(refused(fleet(), "[hosts]\na = 5\n"), "a.toml:2: hosts.a = 5: expected a table");
}

#[test]
fn what_two_hundred_entries_inherit_is_told_once() {
    let mistakes: String = (0..20).map(|number| format!("wrong{number} = 1\n")).collect();
    let hosts: String = (0..200).map(|number| format!("[hosts.h{number}]\n")).collect();
    let text = format!("[defaults]\nport = 'x'\ntags = 'y'\n{mistakes}[defaults.link]\nretries = -1\n{hosts}");
    let told = refused(fleet(), &text);
    assert_eq!(told.lines().count(), 23, "{told}");
}

#[test]
fn a_secret_may_be_below_a_key_that_people_name_themselves() {
    let settings = || fleet().secret("hosts.*.password").secret("defaults.password");
    assert_eq!(
        refused(settings(), "[hosts.a]\npassword = 1234\nport = 'x'\n[defaults]\npassword = 5678\n"),
        "a.toml:2: hosts.a.password = (hidden): not valid\n\
         a.toml:3: hosts.a.port = \"x\": expected a whole number from 0 to 65535\n\
         a.toml:5: defaults.password = (hidden): not valid"
    );
    let whole = refused(settings(), "[hosts]\na = 'hunter2'\n");
    assert_eq!(whole, "a.toml:2: hosts.a = (hidden): not valid", "a secret may be in it");
}

#[test]
fn a_refusal_of_a_secret_says_why_and_not_what() {
    let folder = Folder::new();
    let settings = fleet().secret("hosts.*.password").file(folder.write("a.toml", "[hosts.a]\npassword = 'hunter2'\n"));
    let refused = settings.load_into(|_: Fleet, findings| {
        findings.refuse_secret("hosts.a.password", "is too short");
        findings.refuse_secret("hosts.a.port", "is not shown either");
        findings.refuse("hosts.a.password", "hunter2 is too short");
        findings.refuse("name", "has\ntwo lines");
        Some(())
    });
    let refused = refused.unwrap_err();
    assert_eq!(
        folder.told(&refused),
        "default: hosts.a.port = (hidden): is not shown either\n\
         default: name = \"\": has two lines\n\
         a.toml:2: hosts.a.password = (hidden): is too short\n\
         a.toml:2: hosts.a.password = (hidden): not valid"
    );
    assert!(matches!(refused.problems()[2].source(), Source::File { line: Some(2), .. }));
}

#[test]
fn what_can_not_be_made_of_settings_without_a_fault_is_a_mistake_of_the_program() {
    let refused = Settings::new().load_into(|_: Fleet, _| None::<u8>).unwrap_err();
    assert!(matches!(refused.problems()[0].kind(), ProblemKind::Unreadable { .. }));
    assert_eq!(refused.to_string(), "default: nothing was made of the settings, and nothing found wrong");
    assert_eq!(Settings::new().set("name", "x", "--name").load_into(|fleet: Fleet, _| Some(fleet.name)).unwrap(), "x");
}

#[test]
fn a_part_of_a_file_has_the_lines_of_the_file_and_leaves_out_what_others_know() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Client {
        port: u16,
        link: Link,
    }
    let folder = Folder::new();
    let text = "name = 7\n[defaults]\nport = 9\nkey = 'x'\nextra.a = 1\nextra.b = 2\n\
                [defaults.link]\nretries = 1\nspare = 2\n";
    let path = folder.write("a.toml", text);
    let others = ["key", "extra.a", "extra.b", "link.spare", "gone", "gone.too"];
    let part = |others: &[&str]| Settings::new().part_of_file(&path, "defaults", others);
    let client: Client = part(&others).load().unwrap();
    assert_eq!((client.port, client.link.retries), (9, 1));
    assert_eq!(
        folder.refused::<Client>(&part(&others[1..])),
        "a.toml:4: unknown key key; known here: port, link",
        "what nobody is said to know is refused"
    );
    let higher: Client = part(&others).set("link.retries", "4", "--retries").load().unwrap();
    assert_eq!(higher.link.retries, 4);

    let nothing: Client = Settings::new().part_of_file(&path, "others", &[]).load().unwrap();
    assert_eq!(nothing, Client::default());
    let missing = Settings::new().part_of_file(folder.path("no.toml"), "defaults", &[]);
    assert_eq!(folder.refused::<Client>(&missing), "no.toml: no such file");
}

/// What a host may say of itself.
fn said() -> impl Strategy<Value = Said> {
    use proptest::option::of;
    let tags = proptest::collection::vec("[a-z]{1,3}", 0..3);
    let labels = proptest::collection::btree_map("[a-c]", 0..9_u8, 0..3);
    (of(1..9_u16), of("[a-z]{1,4}"), of("[a-z]{1,4}"), of(tags), of(0..9_u8), labels)
        .prop_map(|(port, key, password, tags, retries, labels)| Said { port, key, password, tags, retries, labels })
}

#[derive(Clone, Debug)]
struct Said {
    port: Option<u16>,
    key: Option<String>,
    password: Option<String>,
    tags: Option<Vec<String>>,
    retries: Option<u8>,
    labels: BTreeMap<String, u8>,
}

impl Said {
    fn json(&self) -> serde_json::Value {
        let mut link = serde_json::Map::new();
        self.retries.iter().for_each(|retries| drop(link.insert("retries".into(), (*retries).into())));
        if !self.labels.is_empty() {
            link.insert("labels".into(), serde_json::json!(self.labels));
        }
        let mut host = serde_json::json!({ "port": self.port, "key": self.key, "password": self.password,
            "tags": self.tags, "link": link });
        host.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        host
    }

    /// A host that says this, where it has said what `under` has.
    fn over(&self, under: &Host) -> Host {
        let mut host = under.clone();
        host.port = self.port.unwrap_or(host.port);
        if self.key.is_some() || self.password.is_some() {
            (host.key, host.password) = (self.key.clone(), self.password.clone());
        }
        host.tags = self.tags.clone().unwrap_or(host.tags);
        host.link.retries = self.retries.unwrap_or(host.link.retries);
        host.link.labels.extend(self.labels.clone());
        host
    }
}

proptest! {
    #[test]
    fn whatever_is_said_an_entry_is_what_it_says_over_the_defaults(defaults in said(), a in said(), b in said()) {
        let folder = Folder::new();
        let text = serde_json::json!({ "defaults": defaults.json(), "hosts": { "a": a.json(), "b": b.json() } });
        let fleet: Fleet = fleet().file(folder.write("a.json", text.to_string())).load().unwrap();
        let common = defaults.over(&Host::default());
        prop_assert_eq!(&fleet.hosts["a"], &a.over(&common));
        prop_assert_eq!(&fleet.hosts["b"], &b.over(&common));
        prop_assert_eq!(&fleet.defaults, &common);
    }

    #[test]
    fn no_file_with_heirs_panics(
        text in "(\\[?(defaults|hosts)\\]?[.=\n]?)?\\PC{0,30}(\n\\PC{0,20}){0,3}",
        kind in 0..3_usize,
    ) {
        let folder = Folder::new();
        let file = folder.write(["a.toml", "a.yaml", "a.json"][kind], text);
        let once = fleet().file(&file).load::<Fleet>();
        prop_assert_eq!(fleet().file(&file).load::<Fleet>(), once);
    }
}
