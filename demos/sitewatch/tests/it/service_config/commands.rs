//! `sitewatch init` and `sitewatch config`.
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use parking_lot::Mutex;
use serde_json::Value;
use sitewatch::cli::{self, ConfigArgs, Console, Exit, InitArgs, Sink};
use sitewatch::service::config::{When, load, schema};

use super::{Folder, NO_VARS};

/// Keeps what is written to it.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

/// The exit code of `sitewatch config ...`, and what it says.
fn config(arguments: &[&str], vars: &[(&str, &str)]) -> (Exit, String, String) {
    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: ConfigArgs,
    }
    let args = Program::try_parse_from(["config"].iter().chain(arguments)).unwrap().args;
    let (out, err) = (Kept::default(), Kept::default());
    let console = console(&out, &err, vars);
    let exit = cli::config(&args, &console);
    (exit, out.text(), err.text())
}

fn console(out: &Kept, err: &Kept, vars: &[(&str, &str)]) -> Console {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Console { stdout: Sink::new(out.clone()), stderr: Sink::new(err.clone()), color: false, bar: false, vars }
}

fn init(path: &Path) -> (Exit, String) {
    let (out, err) = (Kept::default(), Kept::default());
    let exit = cli::init(&InitArgs { file: path.to_owned() }, &console(&out, &err, &[]));
    (exit, err.text())
}

fn starter(folder: &Folder) -> String {
    let path = folder.0.path().join("starter.toml");
    assert_eq!(init(&path).0, Exit::Clean);
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_init_writes_loads_without_a_change_and_is_not_written_over() {
    let folder = Folder::new();
    let path = folder.0.path().join("sitewatch.toml");
    let (exit, said) = init(&path);
    assert_eq!((exit, said.lines().count()), (Exit::Clean, 2), "{said}");
    let config = load(&path, NO_VARS).unwrap();
    assert_eq!(config.sites["docs"].schedule.when, When::Every(std::time::Duration::from_secs(6 * 3_600)));
    assert_eq!(config.sites["docs"].schedule.jitter, std::time::Duration::ZERO, "the first check begins at once");

    fs::write(&path, "mine").unwrap();
    let (exit, said) = init(&path);
    assert_eq!(
        (exit, folder.short(&said).as_str()),
        (Exit::Usage, "error: sitewatch.toml is there already: name another file\n")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let (exit, said) = init(&folder.0.path().join("sitewatch.yaml"));
    assert!(exit == Exit::Usage && said.contains("expected a name that ends in .toml"), "{said}");
    let (exit, said) = init(&folder.0.path().join("no/such/x.toml"));
    assert!(exit == Exit::Failed && said.contains("can't write "), "{said}");
}

#[test]
fn everything_in_the_starter_file_is_right_also_what_is_commented_out() {
    let folder = Folder::new();
    let secret = folder.write("secret", "0123456789abcdef\n");
    let book = folder.0.path().join("book");
    fs::create_dir(&book).unwrap();
    fs::write(book.join("index.html"), "<p>").unwrap();
    let text = starter(&folder).replace("/run/secrets/docs", secret.to_str().unwrap());
    let text = text.replace("/run/secrets/mail", secret.to_str().unwrap()).replace("/srv/book", book.to_str().unwrap());
    let vars = ["PAGE_TOKEN", "DOCS_TOKEN", "DOCS_KEY", "HOOK_SECRET", "HOOK_AUTHORIZATION"];
    let vars = vars.map(|name| (name, "0123456789abcdef"));
    let kinds = ["#bearer = ", "#user = \"sitewatch\"\n#password = ", "#headers = { x-key"];
    for kept in kinds {
        // A site has one of them; what is left of the others is no key.
        let others = kinds.into_iter().filter(|kind| *kind != kept);
        let text = others.fold(text.clone(), |text, kind| text.replacen(kind, &kind.replace('#', "# "), 1));
        let all: String = text.lines().map(|line| format!("{}\n", uncommented(line))).collect();
        let config = load(&folder.write("all.toml", &all), vars).unwrap_or_else(|error| panic!("{all}\n{error}"));
        assert_eq!((config.sites.len(), config.notify.len()), (2, 3));
        let shown = serde_json::json!([config.sites["docs"].depth, config.sites["docs"].max_pages]);
        assert_eq!(shown, serde_json::json!([5, 100_000]), "so it was uncommented");
    }
}

/// A line as it is without the `#` of what is commented out; prose has a space after it.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')).unwrap_or(line)
}

#[test]
fn every_key_that_there_is_is_in_the_starter_file() {
    let folder = Folder::new();
    let text = starter(&folder);
    let there: BTreeSet<&str> = text
        .lines()
        .map(uncommented)
        .filter_map(|line| {
            line.split_once(" = ").map(|(key, _)| key).or_else(|| Some(line.strip_prefix('[')?.trim_end_matches(']')))
        })
        .flat_map(|key| key.rsplit('.').take(2))
        .collect();
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let tables = definitions.values().filter_map(|definition| definition.get("properties"));
    for (key, _) in tables.chain([&schema["properties"]]).flat_map(|table| table.as_object().unwrap()) {
        // Both in one line.
        let inline = matches!(key.as_str(), "times" | "after");
        assert!(inline || there.contains(key.as_str()), "{key} is not in {there:?}");
    }
    assert!(text.contains("confirm = { times = 1, after = \"30s\" }"));
}

#[test]
fn config_check_says_what_there_is_or_everything_that_is_wrong() {
    let folder = Folder::new();
    let path =
        folder.write("s.toml", "[sites.a]\ntarget = 'https://a.example/'\n[sites.b]\ntarget = 'https://b.example/'\n");
    let name = path.to_str().unwrap();
    let (exit, out, err) = config(&["check", "--config", name], &[]);
    assert_eq!(
        (exit, folder.short(&out).as_str(), err.as_str()),
        (Exit::Clean, "s.toml: 2 sites, 0 channels, nothing wrong\n", "")
    );
    folder.write("s.toml", "[sites.a]\ntarget = 'https://a.example/'\n[notify.x]\nkind = 'command'\nrun = ['x']\n");
    assert!(config(&["check", "--config", name], &[]).1.ends_with("s.toml: 1 site, 1 channel, nothing wrong\n"));

    folder.write("s.toml", "grcae = 1\n[sites.a]\ndepth = 'x'\n");
    let (exit, out, err) = config(&["check", "--config", name], &[("SITEWATCH_WORKERS", "0")]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert_eq!(
        folder.short(&err),
        "error: s.toml:1: unknown key grcae; did you mean grace?\n\
         error: s.toml:3: sites.a.depth = \"x\": expected a whole number from 0 to 4294967295\n\
         error: environment variable SITEWATCH_WORKERS: workers = \"0\": expected a whole number, 1 or more\n\
         more may be found once these are mended\n"
    );
    folder.write("s.toml", "[sites.a]\ntarget = 'https://a.example/'\nevery = '0s'\n");
    let (_, _, err) = config(&["check", "--config", name], &[]);
    assert_eq!(folder.short(&err), "error: s.toml:3: sites.a.every = \"0s\": must be longer than nothing\n", "is all");
    folder.write("s.toml", "");
    let (exit, out, _) = config(&["check", "--config", name], &[]);
    let nothing = "s.toml: 0 sites, 0 channels, nothing wrong; nothing is watched yet: add [sites.NAME]\n";
    assert_eq!((exit, folder.short(&out).as_str()), (Exit::Clean, nothing));
    let (exit, _, err) = config(&["check", "--config", "gone.toml"], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Usage, "error: gone.toml: no such file\n"));
}

#[test]
fn a_file_for_a_single_check_is_told_as_such() {
    let folder = Folder::new();
    let path = folder.write("s.toml", "target = 'https://a.example/'\ndepth = 2\n");
    let (exit, _, err) = config(&["check", "--config", path.to_str().unwrap()], &[]);
    assert_eq!(exit, Exit::Usage);
    assert_eq!(
        folder.short(&err),
        "error: s.toml:1: unknown key target: this is a file for `sitewatch check`; `sitewatch serve` wants it in \
         [sites.NAME]\n\
         error: s.toml:2: unknown key depth; did you mean defaults.depth?\n\
         more may be found once these are mended\n"
    );
}

#[test]
fn a_channel_is_shown_with_the_keys_of_its_kind() {
    let folder = Folder::new();
    let text = "[notify.hook]\nkind = 'webhook'\nurl = 'https://h.example/'\n\
                [notify.script]\nkind = 'command'\nrun = ['tell']\n";
    let path = folder.write("s.toml", text);
    let (_, out, _) = config(&["show", "--config", path.to_str().unwrap(), "--format", "json"], &[]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    let keys = |name: &str| shown["notify"][name].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys("hook"), BTreeSet::from(["headers", "kind", "on", "url", "wait"].map(String::from)));
    assert_eq!(keys("script"), BTreeSet::from(["kind", "on", "run", "wait"].map(String::from)));
}

#[test]
fn config_show_is_what_is_in_effect_and_can_be_read_again() {
    let folder = Folder::new();
    let text = "grace = '90s'\n[defaults]\nevery = '6h'\nhttp.rate = 2\n[sites.a]\ntarget = 'https://a.example/'\n\
                exclude = ['x']\n[sites.b]\ntarget = 'https://b.example/'\nevery = 'never'\n\
                [notify.ops]\nkind = 'command'\nrun = ['tell']\n";
    let path = folder.write("s.toml", text);
    let name = path.to_str().unwrap();
    let before = load(&path, NO_VARS).unwrap();
    for (format, extension) in [("toml", "toml"), ("json", "json")] {
        let (exit, out, err) = config(&["show", "--config", name, "--format", format], &[]);
        assert_eq!((exit, err.as_str()), (Exit::Clean, ""));
        let again = load(&folder.write(&format!("again.{extension}"), &out), NO_VARS).unwrap();
        assert_eq!(again, before, "{out}");
    }
    let (_, out, _) = config(&["show", "--config", name, "--site", "a", "--format", "json"], &[]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown.as_object().unwrap().keys().collect::<Vec<_>>(), ["sites"]);
    assert_eq!((&shown["sites"]["a"]["every"], &shown["sites"]["a"]["http"]["rate"]), (&"6h".into(), &2.0.into()));
    assert_eq!(shown["sites"].as_object().unwrap().len(), 1);

    let (exit, _, err) = config(&["show", "--config", name, "--site", "c"], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Usage, "error: --site: there is no site \"c\" in the settings\n"));
}

#[test]
fn config_schema_is_the_schema() {
    let (exit, out, err) = config(&["schema"], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Clean, ""));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), schema());
}
