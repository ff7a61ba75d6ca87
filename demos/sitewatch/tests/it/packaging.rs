//! What sitewatch is installed and run by: command lines that it understands, and files that their readers do.

mod names;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;

use sitewatch::cli::remote::RemoteCommand;
use sitewatch::cli::{self, Command};
use sitewatch::service::config;
use yaml_rust2::{Yaml, YamlLoader};

/// An environment without variables.
const NO_VARS: [(&str, &str); 0] = [];

const UNIT: &str = include_str!("../../packaging/sitewatch.service");
const WORKER: &str = include_str!("../../packaging/sitewatch-worker.service");
const DOCKERFILE: &str = include_str!("../../packaging/Dockerfile");
const WORKFLOW: &str = include_str!("../../packaging/github-action.yml");

/// How long a worker may take to finish what it has, in seconds, as `Worker::stop` says.
const WORKER_GRACE: u64 = 20;

/// The keys that the units have, each as systemd.unit(5), systemd.service(5) and systemd.exec(5) spell it.
const KEYS: [(&str, &str); 3] = [
    ("Unit", "After Description Wants"),
    (
        "Service",
        "AmbientCapabilities CapabilityBoundingSet DynamicUser Environment EnvironmentFile ExecReload ExecStart \
         LoadCredential LockPersonality MemoryDenyWriteExecute NoNewPrivileges PrivateDevices PrivateTmp PrivateUsers \
         ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules \
         ProtectKernelTunables ProtectProc ProtectSystem RemoveIPC Restart RestartPreventExitStatus RestartSec \
         RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID StateDirectory \
         StateDirectoryMode SystemCallArchitectures SystemCallErrorNumber SystemCallFilter TimeoutStopSec Type UMask \
         WorkingDirectory",
    ),
    ("Install", "WantedBy"),
];

/// The values of a unit, by section and key; a line that is neither is a failure.
fn unit(text: &str) -> BTreeMap<(String, String), Vec<String>> {
    let (mut unit, mut section) = (BTreeMap::<_, Vec<String>>::new(), None);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = Some(name.to_owned());
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("not a line of a unit: {line}"));
        let section = section.clone().unwrap_or_else(|| panic!("before any section: {line}"));
        assert!(!value.ends_with('\\'), "this test does not know lines that go on: {line}");
        unit.entry((section, key.to_owned())).or_default().push(value.to_owned());
    }
    unit
}

/// What a unit has at a key of its service.
fn of(text: &str, key: &str) -> Vec<String> {
    unit(text).remove(&("Service".to_owned(), key.to_owned())).unwrap_or_else(|| panic!("the unit has no {key}"))
}

fn service(key: &str) -> Vec<String> {
    of(UNIT, key)
}

/// A number of seconds of a unit.
fn seconds(text: &str, key: &str) -> u64 {
    of(text, key)[0].parse().unwrap()
}

/// Its keys are ones that systemd knows.
fn has_known_keys_only(text: &str) {
    for (section, key) in unit(text).into_keys() {
        let known = KEYS.iter().find(|(name, _)| *name == section).unwrap_or_else(|| panic!("[{section}]")).1;
        assert!(known.split(' ').any(|known| known == key), "[{section}] {key}");
    }
}

/// What an instruction of the Dockerfile says, with the lines that it goes on in; comments in between are none of it.
fn instructions() -> Vec<(String, String)> {
    let lines = DOCKERFILE.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined = lines.fold(String::new(), |text, line| match line.strip_suffix('\\') {
        Some(begun) => text + begun,
        None => text + line + "\n",
    });
    let lines = joined.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap_or_else(|| panic!("not an instruction: {line}"));
            (name.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

/// What an instruction says that is there once.
fn instruction(name: &str) -> String {
    let all: Vec<String> =
        instructions().into_iter().filter(|(known, _)| known == name).map(|(_, rest)| rest).collect();
    let [one] = &*all else { panic!("expected one {name}, and there are {all:?}") };
    one.clone()
}

/// A command in the form that takes no shell.
fn exec_form(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parsed<T: Into<OsString> + Clone>(words: impl IntoIterator<Item = T>) -> Command {
    cli::parse(words).unwrap_or_else(|error| panic!("{error}")).command
}

fn as_serve(command: Command) -> cli::ServeArgs {
    let Command::Serve(args) = command else { panic!("expected serve, not {command:?}") };
    args
}

#[test]
fn the_unit_starts_what_there_is_and_has_known_keys_only() {
    has_known_keys_only(UNIT);
    let starts = service("ExecStart");
    let [start] = &*starts else { panic!("it starts one program, and not {starts:?}") };
    let args = as_serve(parsed(start.split(' ')));
    assert_eq!(args.config, Path::new("/etc/sitewatch/sitewatch.toml"));
    assert_eq!(service("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    assert_eq!((service("Type"), service("Restart")), (vec!["exec".to_owned()], vec!["on-failure".to_owned()]));
    assert_eq!(service("RestartPreventExitStatus"), [cli::Exit::Usage.code().to_string()]);
}

#[test]
fn the_unit_of_a_worker_starts_one_that_takes_the_queue_from_the_environment() {
    has_known_keys_only(WORKER);
    let starts = of(WORKER, "ExecStart");
    let [start] = &*starts else { panic!("it starts one program, and not {starts:?}") };
    let begun = start.strip_suffix(" $OPTIONS").expect("what else there is to say comes last");
    assert_eq!(of(WORKER, "Environment"), ["OPTIONS="], "nothing, unless the file says something");
    assert_eq!(of(WORKER, "EnvironmentFile"), ["/etc/sitewatch/worker.env"]);
    let more = "--concurrency 32 --config /etc/sitewatch/worker.toml";
    let readme = include_str!("../../packaging/README.md");
    assert!(readme.contains(&format!("`OPTIONS={more}`")), "what is advised is tried here");
    for (words, concurrency) in [(begun.to_owned(), 64), (format!("{begun} {more}"), 32)] {
        let Command::Worker(args) = parsed(words.split(' ')) else { panic!("{words}") };
        assert_eq!((args.queue, args.name.as_deref(), args.concurrency.get()), (None, Some("%H"), concurrency));
    }
    assert_eq!(of(WORKER, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    assert_eq!(of(WORKER, "RestartPreventExitStatus"), [cli::Exit::Usage.code().to_string()]);
}

#[test]
fn both_units_keep_to_the_same_limits() {
    let limits = |text| {
        let mut keys = unit(text);
        keys.retain(|(section, key), _| {
            section == "Service" && (key.starts_with("Protect") || key.starts_with("System"))
        });
        keys
    };
    assert_eq!(limits(UNIT), limits(WORKER));
    assert!(limits(WORKER).len() > 10);
}

#[test]
fn a_stop_has_as_much_time_as_it_may_take() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sitewatch.toml");
    std::fs::write(&path, "").unwrap();
    let grace = config::load(&path, NO_VARS).unwrap().grace;
    // Twice that is the limit of the coordinator, and the page has five seconds after it.
    assert!(seconds(UNIT, "TimeoutStopSec") > 2 * grace.as_secs() + 5);
    // A worker has no page.
    assert!(seconds(WORKER, "TimeoutStopSec") > 2 * WORKER_GRACE);
    let readme = include_str!("../../packaging/README.md");
    let stop = readme.split("--stop-timeout ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!(stop.parse::<u64>().unwrap() > 2 * grace.as_secs() + 5);
}

#[test]
fn the_token_that_the_unit_loads_is_the_one_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let (path, token) = (folder.path().join("sitewatch.toml"), folder.path().join("token"));
    std::fs::write(&path, "web.listen = '0.0.0.0:8080'\n").unwrap();
    std::fs::write(&token, "0123456789abcdef\n").unwrap();
    let loaded = service("LoadCredential");
    let (name, _) = loaded[0].split_once(':').unwrap();
    let environment = service("Environment");
    let (variable, value) = environment[0].split_once('=').unwrap();
    assert_eq!(value, format!("%d/{name}"), "%d is where credentials are");

    let config = config::load(&path, [(variable, token.as_os_str())]).unwrap();
    assert_eq!(config.web.token.unwrap().expose(), "0123456789abcdef");
    let refused = config::load(&path, NO_VARS).unwrap_err().to_string();
    assert!(refused.contains("there must be a web.token"), "{refused}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_where_it_is_there() {
    let verify = |unit: &Path| process::Command::new("systemd-analyze").arg("verify").arg(unit).output();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("sitewatch.service", UNIT), ("sitewatch-worker.service", WORKER)] {
        let path: PathBuf = folder.path().join(name);
        // It looks whether the program is there, too.
        let installed = text.replace("/usr/local/bin/sitewatch", env!("CARGO_BIN_EXE_sitewatch"));
        assert_ne!(installed, text);
        std::fs::write(&path, installed).unwrap();
        // Elsewhere the tests above are what there is.
        let Ok(output) = verify(&path) else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let of_ours: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
        assert!(of_ours.is_empty(), "{said}");
    }
}

#[test]
fn the_image_serves_as_somebody_without_rights_and_is_looked_after() {
    let entry = exec_form(&instruction("ENTRYPOINT"));
    let command = exec_form(&instruction("CMD"));
    let args = as_serve(parsed(entry.iter().chain(&command)));
    assert_eq!(args.config, Path::new("/etc/sitewatch/sitewatch.toml"));
    assert_eq!((args.listen, args.database), (None, None), "settings and environment say that");

    let health = instruction("HEALTHCHECK");
    let (_, health) = health.split_once(" CMD ").unwrap();
    let Command::Remote(RemoteCommand::Sites(sites)) = parsed(exec_form(health)) else { panic!("{health}") };
    let asked = url::Url::parse(&sites.source.url.unwrap()).unwrap();
    assert_eq!((asked.host_str(), asked.port()), (Some("127.0.0.1"), instruction("EXPOSE").parse().ok()));

    let user = instruction("USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert_eq!(exec_form(&instruction("VOLUME")), ["/data"]);
    assert_eq!(instruction("STOPSIGNAL"), "SIGTERM");
    let workdirs: Vec<_> = instructions().into_iter().filter(|(name, _)| name == "WORKDIR").collect();
    assert_eq!(workdirs.last().unwrap().1, "/data", "the database is made there");
}

#[test]
fn the_image_listens_for_others_and_so_wants_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sitewatch.toml");
    std::fs::write(&path, "").unwrap();
    let set = instruction("ENV");
    let (variable, value) = set.split_once('=').unwrap();
    let refused = config::load(&path, [(variable, value)]).unwrap_err().to_string();
    assert!(refused.contains("there must be a web.token"), "{refused}");
    let token = ("SITEWATCH_WEB__TOKEN", "0123456789abcdef");
    let config = config::load(&path, [(variable, value), token]).unwrap();
    let port: u16 = instruction("EXPOSE").parse().unwrap();
    assert_eq!(config.web.listen, [std::net::SocketAddr::from(([0, 0, 0, 0], port))]);
}

/// What is at a key, or a panic that names it.
fn at<'a>(yaml: &'a Yaml, key: &str) -> &'a Yaml {
    let found = &yaml[key];
    assert!(!found.is_badvalue(), "there is no {key}");
    found
}

#[test]
fn the_workflow_is_yaml_and_checks_with_arguments_that_there_are() {
    let documents = YamlLoader::load_from_str(WORKFLOW).unwrap();
    let [workflow] = &*documents else { panic!("expected one document") };
    for key in ["name", "on", "permissions", "env"] {
        at(workflow, key);
    }
    let steps = at(at(at(workflow, "jobs"), "links"), "steps").as_vec().unwrap();
    assert!(steps.iter().all(|step| step["uses"].is_badvalue() != step["run"].is_badvalue()), "one of both");
    let runs: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();

    let program = "~/.cargo/bin/sitewatch";
    let checks: Vec<&&str> = runs.iter().filter(|run| run.starts_with(program)).collect();
    let [check] = &*checks else { panic!("expected one check among {runs:?}") };
    let Command::Check(args) = parsed(check.split(' ')) else { panic!("{check}") };
    let report = args.output.unwrap();
    assert!(runs.iter().any(|run| *run == format!("cat {report} >> \"$GITHUB_STEP_SUMMARY\"")), "{runs:?}");
    let cached = steps.iter().find_map(|step| step["with"]["path"].as_str());
    assert_eq!(cached, Some(program), "what is cached is what is run");
}
