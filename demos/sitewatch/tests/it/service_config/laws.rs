//! What holds for whatever a file says.
use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use sitewatch::config::Patterns;
use sitewatch::report::Reason;
use sitewatch::service::config::{AuthConfig, Secret, SiteConfig, When, load};

use super::{Folder, NO_VARS};

/// What may be said of a site, or of all.
#[derive(Clone, Debug)]
struct Said {
    when: Option<When>,
    auth: Option<AuthConfig>,
    depth: Option<u32>,
    external: Option<bool>,
    exclude: Option<Vec<String>>,
    rate: Option<u8>,
    headers: BTreeMap<String, String>,
    times: Option<u32>,
    ignore: Option<Vec<u16>>,
}

fn said() -> impl Strategy<Value = Said> {
    use proptest::collection::{btree_map, vec};
    use proptest::option::of;
    let when = prop_oneof![
        (1..100_u64).prop_map(|hours| When::Every(Duration::from_secs(hours * 3_600))),
        (0..60_u8)
            .prop_map(|minute| When::Cron { expression: format!("{minute} 3 * * *"), time_zone: "UTC".to_owned() }),
        Just(When::ByHand),
    ];
    let secret = || "[a-z]{1,4}".prop_map(Secret::new);
    let auth = prop_oneof![
        secret().prop_map(AuthConfig::Bearer),
        ("[a-z]{1,4}", secret()).prop_map(|(user, password)| AuthConfig::Basic { user, password }),
        btree_map("x-[a-c]", secret(), 1..3).prop_map(AuthConfig::Headers),
    ];
    let limits = (of(0..9_u32), of(any::<bool>()), of(vec("[a-z]{1,3}", 0..3)));
    let rest = (of(1..9_u8), btree_map("x-[a-c]", "[a-z]{0,3}", 0..3), of(0..10_u32), of(vec(400..600_u16, 0..3)));
    (of(when), of(auth), limits, rest).prop_map(
        |(when, auth, (depth, external, exclude), (rate, headers, times, ignore))| Said {
            when,
            auth,
            depth,
            external,
            exclude,
            rate,
            headers,
            times,
            ignore,
        },
    )
}

impl Said {
    /// As a file has it.
    fn json(&self) -> Value {
        let mut json = json!({ "depth": self.depth, "external": self.external, "exclude": self.exclude });
        let table = json.as_object_mut().unwrap();
        table.retain(|_, value| !value.is_null());
        let mut http = json!({ "headers": self.headers });
        if let Some(rate) = self.rate {
            http["rate"] = rate.into();
        }
        table.insert("http".to_owned(), http);
        if let Some(times) = self.times {
            table.insert("confirm".to_owned(), json!({ "times": times }));
        }
        if let Some(ignore) = &self.ignore {
            let codes: Vec<String> = ignore.iter().map(|status| format!("http-{status}")).collect();
            table.insert("report".to_owned(), json!({ "ignore": codes }));
        }
        match &self.when {
            Some(When::Every(period)) => table.insert("every".to_owned(), json!(format!("{}s", period.as_secs()))),
            Some(When::Cron { expression, .. }) => table.insert("cron".to_owned(), json!(expression)),
            Some(When::ByHand) => table.insert("every".to_owned(), json!("never")),
            None => None,
        };
        let exposed = |secret: &Secret| secret.expose().to_owned();
        let auth = match &self.auth {
            Some(AuthConfig::Bearer(token)) => json!({ "bearer": exposed(token) }),
            Some(AuthConfig::Basic { user, password }) => json!({ "user": user, "password": exposed(password) }),
            Some(AuthConfig::Headers(headers)) => {
                let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| (name, exposed(value))).collect();
                json!({ "headers": headers })
            }
            _ => Value::Null,
        };
        if !auth.is_null() {
            table.insert("auth".to_owned(), auth);
        }
        json
    }

    /// What a site is that says this, where it was something before.
    fn over(&self, site: &mut SiteConfig) {
        site.depth = self.depth.or(site.depth);
        site.external = self.external.unwrap_or(site.external);
        if let Some(exclude) = &self.exclude {
            site.exclude = Patterns::new(exclude.iter().cloned()).unwrap();
        }
        site.http.rate = self.rate.map_or(site.http.rate, f64::from);
        site.http.headers.extend(self.headers.clone());
        site.confirm.times = self.times.unwrap_or(site.confirm.times);
        if let Some(ignore) = &self.ignore {
            site.report.ignore = ignore.iter().copied().map(Reason::HttpStatus).collect();
        }
        if let Some(when) = &self.when {
            site.schedule.when = when.clone();
        }
        if let Some(auth) = &self.auth {
            site.auth = auth.clone();
        }
    }
}

const TARGET: &str = "https://a.example/";

/// The name of a site that says nothing; longer than any that one is given.
const OTHER: &str = "says-nothing";

proptest! {
    #[test]
    fn a_site_is_what_it_says_over_the_defaults_over_ours(
        common in said(),
        own in said(),
        name in "[a-z0-9][a-z0-9._-]{0,8}",
    ) {
        let folder = Folder::new();
        let mut site = own.json();
        site["target"] = TARGET.into();
        let mut text = json!({ "defaults": common.json(), "sites": { OTHER: { "target": TARGET } } });
        text["sites"][&name] = site;
        let config = load(&folder.write("s.json", &text.to_string()), NO_VARS);
        let config = config.unwrap_or_else(|error| panic!("{text:#}\n{error}"));
        let mut expected = super::site("");
        expected.target = TARGET.to_owned();
        common.over(&mut expected);
        prop_assert_eq!(&config.sites[OTHER], &expected);
        own.over(&mut expected);
        prop_assert_eq!(&config.sites[&name], &expected);
    }

    #[test]
    fn no_file_panics_and_each_problem_is_one_line(text in "\\PC{0,40}(\n\\PC{0,40}){0,6}", kind in 0..3_usize) {
        tried(&text, kind)?;
    }

    #[test]
    fn no_file_that_is_nearly_right_panics(
        lines in proptest::collection::vec((KEYS, VALUES), 0..12),
        cut in proptest::option::of(0..200_usize),
    ) {
        let mut text: String = lines.into_iter().map(|(key, value)| match key.starts_with('[') {
            true => format!("{key}\n"),
            false => format!("{key} = {value}\n"),
        }).collect();
        if let Some(cut) = cut.filter(|cut| text.is_char_boundary(*cut)) {
            text.truncate(cut);
        }
        tried(&text, 0)?;
    }
}

/// Headings and keys that there are, or nearly.
const KEYS: &str = "\\[(web|defaults|sites\\.[ab]|notify\\.x|sites|retention|defaults\\.(http|auth|confirm))\\]\
    |(defaults|sites\\.[ab]|notify\\.x)\\.(target|cron|every|overlap|http\\.rate|auth\\.bearer|notify|kind|url|run|to)\
    |target|every|cron|time_zone|listen|token|depth|kind|ignore|headers|times|smtp|database|workers";

/// Values of every type, some of which fit. None is a folder that is large to look through.
const VALUES: &str = "'[a-z0-9 *:@-]{0,12}'|-?[0-9]{1,20}|true|\\[\\]|\\['x', 1\\]|\\{\\}|\\{ env = 'X' \\}\
    |'https://a\\.example/'|'[0-9*/,-]{1,4}( [0-9*/,L#-]{1,4}){4}'|1e400|nan|1979-05-27|'6h'|'UTC'|\\{ a = 'b' \\}\
    |\\{ file = '/' \\}";

fn tried(text: &str, kind: usize) -> Result<(), TestCaseError> {
    let folder = Folder::new();
    let path = folder.write(["s.toml", "s.yaml", "s.json"][kind], text);
    let once = load(&path, [("X", "hush")]);
    if let Err(error) = &once {
        prop_assert!(!error.problems().is_empty());
        prop_assert_eq!(error.to_string().lines().count(), error.problems().len(), "{}", error);
    }
    prop_assert_eq!(load(&path, [("X", "hush")]), once);
    Ok(())
}
