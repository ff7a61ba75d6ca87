//! Secrets: where they come from, and that they are shown nowhere.
use super::{Folder, NO_VARS, loaded, refused};
use sitewatch::service::config::{AuthConfig, Secret, load, show};

const TOKEN: &str = "0123456789abcdef";

fn token(folder: &Folder, source: &str, vars: &[(&str, &str)]) -> Result<String, String> {
    let path = folder.write("s.toml", &format!("web.token = {source}\n"));
    match load(&path, vars.iter().copied()) {
        Ok(config) => Ok(config.web.token.unwrap().expose().to_owned()),
        Err(error) => Err(folder.short(&error.to_string())),
    }
}

#[test]
fn a_secret_is_a_text_a_variable_or_a_file_without_its_last_newline() {
    let folder = Folder::new();
    assert_eq!(token(&folder, &format!("'{TOKEN}'"), &[]).as_deref(), Ok(TOKEN));
    assert_eq!(token(&folder, "{ env = 'T' }", &[("T", TOKEN)]).as_deref(), Ok(TOKEN));
    for (text, expected) in [
        (TOKEN.to_owned(), TOKEN.to_owned()),
        (format!("{TOKEN}\n"), TOKEN.to_owned()),
        (format!("{TOKEN}\r\n"), TOKEN.to_owned()),
    ] {
        let file = folder.write("token", &text);
        assert_eq!(token(&folder, &format!("{{ file = {file:?} }}"), &[]), Ok(expected), "{text:?}");
    }
    let file = folder.write("token", TOKEN);
    let from_env = [("SITEWATCH_WEB__TOKEN__FILE", file.to_str().unwrap())];
    let config = load(&folder.write("empty.toml", ""), from_env).unwrap();
    assert_eq!(config.web.token, Some(Secret::new(TOKEN)));
    let config = load(&folder.write("empty.toml", ""), [("SITEWATCH_WEB__TOKEN", "1234567890123456")]).unwrap();
    assert_eq!(config.web.token, Some(Secret::new("1234567890123456")));
}

#[test]
fn a_secret_that_is_not_there_is_told_with_key_and_place() {
    let folder = Folder::new();
    let told = |source: &str| token(&folder, source, &[("EMPTY", "")]).unwrap_err();
    let start = "s.toml:1: web.token = (hidden): ";
    assert_eq!(told("{ env = 'NONE' }"), format!("{start}there is no environment variable \"NONE\""));
    assert_eq!(told("{ env = 'EMPTY' }"), format!("{start}must not be empty"));
    let file = std::path::absolute("no/such").unwrap();
    assert_eq!(told("{ file = 'no/such' }"), format!("{start}the file {} is not there", file.display()));
    let long = folder.write("long", &"x".repeat(65_537));
    assert!(told(&format!("{{ file = {long:?} }}")).ends_with("has more than 65536 bytes"));
    let binary = folder.0.path().join("binary");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert!(told(&format!("{{ file = {binary:?} }}")).ends_with("is not valid UTF-8"));
    assert!(told(&format!("{{ file = {:?} }}", folder.0.path())).contains("can't be read"));
}

#[test]
fn a_secret_that_is_written_wrongly_is_not_told_either() {
    for source in [
        "1234567890123456",
        "true",
        "1.5",
        "['hunter2']",
        "{ flie = 'hunter2' }",
        "{ file = 'hunter2', env = 'hunter2' }",
        "{ file = ['hunter2'] }",
        "{}",
    ] {
        let told = refused(&format!("web.token = {source}\n"));
        assert_eq!(
            told, "s.toml:1: web.token = (hidden): expected a text, { file = \"/path\" } or { env = \"NAME\" }",
            "{source}"
        );
    }
}

#[test]
fn no_report_of_problems_has_a_secret_in_it() {
    let hush = "hunter2";
    for text in [
        "web.token = 'hunter2'",
        "web = 'hunter2'",
        "defaults.auth = 'hunter2'",
        "defaults.auth = { bearer = 'hunter2', user = 'hunter2' }",
        "defaults.auth = { user = 'a', password = 'hunter2', x = 1 }",
        "defaults.auth = { user = 'a:hunter2', password = 'hunter2' }",
        "defaults.auth = { bearer = \"hunter2\\n\" }",
        "defaults.auth.headers = { host = 'hunter2', 'a b' = 'hunter2' }",
        "defaults = { auth = 'hunter2', depth = 'x' }",
        "sites.a = { target = 'https://a.example/', auth = 'hunter2' }",
        "sites.a = 'hunter2'",
        "sites.'A B' = { target = 'https://a.example/', auth.bearer = 'hunter2' }",
        "notify.x = { kind = 'webhook', url = 'hunter2' }",
        "notify.x = { kind = 'webhook', url = 5, headers = 'hunter2' }",
        "notify.x = { kind = 'command', run = ['x'], secret = 'hunter2' }",
        "notify.x = { kind = 'mail', smtp = 'smtps://a:hunter2@b', from = 'a@b.c', to = ['a@b.c'] }",
        "notify.x = 'hunter2'",
        "database = ['postgres://a:hunter2@b/c']",
    ] {
        let told = refused(text);
        assert!(!told.contains(hush), "{text}: {told}");
    }
}

#[test]
fn a_target_has_no_name_and_no_password_and_is_not_told_where_it_has() {
    let start = "s.toml:2: sites.a.target = (hidden): ";
    for (target, reason) in [
        ("https://me:hunter2@a.example/", "the name and the password belong in user and password of auth"),
        ("https://hunter2@a.example/sitemap.xml", "the name and the password belong in user and password of auth"),
        ("https:me:hunter2@a.example", "the name and the password belong in user and password of auth"),
        ("htps://me:hunter2@a.example/", "the name and the password belong in user and password of auth"),
        (
            "https://me:hunt/er2@a.example/",
            "is not a valid URL; a name and a password belong in user and password of auth",
        ),
    ] {
        assert_eq!(refused(&format!("[sites.a]\ntarget = '{target}'\n")), format!("{start}{reason}"), "{target}");
    }
    let fine = loaded("[sites.a]\ntarget = 'https://a.example/@me'\n");
    assert_eq!(fine.sites["a"].target, "https://a.example/@me");
}

#[test]
fn neither_debug_nor_what_is_shown_has_a_secret_in_it() {
    let text = "database = 'postgres://me:hunter2@db.example/sites'\nweb.token = 'hunter2-hunter2-hunter2'\n\
                [defaults]\nauth.bearer = 'hunter2'\n[sites.a]\ntarget = 'https://a.example/'\n\
                [notify.hook]\nkind = 'webhook'\nurl = 'https://h.example/hunter2'\nsecret = 'hunter2'\n\
                headers = { x-a = 'hunter2' }\n\
                [notify.mail]\nkind = 'mail'\nsmtp = 'smtps://m.example'\nuser = 'u'\npassword = 'hunter2'\n\
                from = 'a@b.example'\nto = ['a@b.example']\n";
    let config = loaded(text);
    let debug = format!("{config:?} {config:#?}");
    assert!(!debug.contains("hunter2") && debug.contains("(secret)"), "{debug}");
    let check = format!("{:?}", config.sites["a"].check_config());
    assert!(!check.contains("hunter2"), "{check}");

    let folder = Folder::new();
    let shown = show(&folder.write("s.toml", text), NO_VARS).unwrap();
    assert!(!shown.to_string().contains("hunter2"), "{shown:#}");
    assert_eq!(shown["database"], "postgres://me@db.example/sites");
    assert_eq!(shown["web"]["token"], "(secret)");
    assert_eq!(shown["sites"]["a"]["auth"]["bearer"], "(secret)");
    assert_eq!(shown["notify"]["hook"]["url"], "https://h.example/(secret)");
    assert_eq!(shown["notify"]["mail"]["password"], "(secret)");
}

#[test]
fn a_short_token_or_one_that_no_header_can_have_is_refused() {
    let told = |token: &str| refused(&format!("web.token = '{token}'\n"));
    assert_eq!(told("0123456789abcde"), "s.toml:1: web.token = (hidden): must have at least 16 characters");
    assert!(told("0123456789 abcdef").ends_with("must have no spaces, and only characters that a header can have"));
    assert!(told("0123456789äbcdef").ends_with("must have no spaces, and only characters that a header can have"));
}

#[test]
fn who_we_are_is_of_one_kind_and_complete() {
    let auth = |text: &str| format!("[sites.a]\ntarget = 'https://a.example/'\nauth = {{ {text} }}\n");
    let of_two = refused(&auth("bearer = 'x', headers = { x-key = 'y' }"));
    assert_eq!(
        of_two,
        "s.toml:3: sites.a.auth = (hidden): is of two kinds: name bearer, or user and password, or headers"
    );
    assert_eq!(refused(&auth("user = 'x'")), "s.toml:3: sites.a.auth.password is missing");
    assert_eq!(refused(&auth("password = 'x'")), "s.toml:3: sites.a.auth.user is missing");
    assert!(refused(&auth("user = 'a:b', password = 'x'")).contains("sites.a.auth.user = (hidden): must not be empty"));
    let header = refused(&auth("headers = { 'a b' = 'x', host = 'y' }"));
    assert_eq!(
        header,
        "s.toml:3: sites.a.auth.headers.\"a b\" = (hidden): the name is not one that a header can have\n\
         s.toml:3: sites.a.auth.headers.host = (hidden): is part of how HTTP works"
    );
    let fine = loaded(&auth("headers = { x-key = 'y', authorization = 'Custom z' }"));
    assert!(matches!(&fine.sites["a"].auth, AuthConfig::Headers(headers) if headers.len() == 2));
}
