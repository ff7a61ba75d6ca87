//! Who is told: what of it makes no sense.
use super::{loaded, refused};

#[test]
fn a_channel_has_what_its_kind_needs_and_nothing_of_another() {
    let of = |text: &str| refused(&format!("[notify.x]\n{text}"));
    assert_eq!(of("kind = 'webhook'"), "s.toml:1: notify.x.url is missing");
    assert_eq!(of("kind = 'command'"), "s.toml:1: notify.x.run is missing");
    let mail = of("kind = 'mail'");
    assert_eq!(
        mail.lines().map(|line| &line[10..]).collect::<Vec<_>>(),
        ["notify.x.from is missing", "notify.x.smtp is missing", "notify.x.to is missing"]
    );
    assert!(of("kind = 'pigeon'").ends_with("expected one of webhook, command, mail"));
    assert_eq!(
        of("kind = 'command'\nrun = ['x']\nurl = 'https://a.example/secret'"),
        "s.toml:4: notify.x.url: is for channels of the kind webhook, and this is of the kind command"
    );
    assert!(of("kind = 'command'\nrun = ['']").ends_with("run[0] = \"\": expected the name of a program"));
    assert!(of("kind = 'command'\nrun = ['x']\ntimeout = '0s'").ends_with("must be longer than nothing"));
    assert!(of("kind = 'command'\nrun = ['x']\non = []").ends_with("on = []: must name something to tell"));
    assert!(of("kind = 'webhook'\nurl = 'a.example'").ends_with("url = (hidden): expected an http or https URL"));
}

#[test]
fn mail_goes_to_a_server_that_no_password_is_read_on_the_way_to() {
    let mail =
        |lines: &str| format!("[notify.x]\nkind = 'mail'\nfrom = 's@a.example'\nto = ['x@a.example']\n{lines}\n");
    let login = "user = 'u'\npassword = 'hunter2'";
    for (smtp, fine) in [
        ("smtps://m.example", true),
        ("smtps://m.example:4465", true),
        ("smtp://m.example?tls=required", true),
        ("smtp://m.example?tls=opportunistic", false),
        ("smtp://m.example", false),
        ("smtp://localhost:2525", true),
        ("smtp://[::1]", true),
    ] {
        let (open, secret) = (mail(&format!("smtp = '{smtp}'")), mail(&format!("smtp = '{smtp}'\n{login}")));
        assert_eq!(loaded(&open).notify.len(), 1, "{smtp}");
        if fine {
            assert_eq!(loaded(&secret).notify.len(), 1, "{smtp}");
        } else {
            assert!(refused(&secret).contains("the password would be sent for all to read"), "{smtp}");
        }
    }
    for smtp in
        ["https://m.example", "smtp://", "m.example", "smtps://m.example?tls=required", "smtp://m.example?tls=no"]
    {
        let told = refused(&mail(&format!("smtp = '{smtp}'")));
        assert!(told.contains(&format!("smtp = \"{smtp}\": expected smtps://host")), "{told}");
    }
    let inside = refused(&mail("smtp = 'smtps://u:hunter2@m.example'"));
    assert!(inside.ends_with("smtp = \"smtps://m.example\": the name and the password belong in user and password"));
    for smtp in ["u:hunter2@m.example", "smtp://u:hunter2@m.example?tls=no", "smtp://m.example?password=hunter2"] {
        let told = refused(&mail(&format!("smtp = '{smtp}'")));
        assert!(told.contains("expected smtps://host") && !told.contains("hunter2"), "{told}");
    }
    assert!(refused(&mail("smtp = 'smtps://m.example'\nuser = 'u'")).ends_with("notify.x.password is missing"));
    let nobody = refused("[notify.x]\nkind = 'mail'\nsmtp = 'smtps://m'\nfrom = 'me'\nto = ['x@a.example', 'you']\n");
    assert!(
        nobody.contains("from = \"me\": expected an e-mail") && nobody.contains("to[1] = \"you\": expected"),
        "{nobody}"
    );
}
