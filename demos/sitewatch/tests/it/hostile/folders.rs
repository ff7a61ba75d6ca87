//! Nothing outside of the folder is read.

use std::fs;
use std::io::ErrorKind;

use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::folder::Folder;
use tempfile::TempDir;

/// `site/` with these files, beside `secret.html`.
fn site(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret.html"), "<a href=the-secret>x</a>").unwrap();
    for (path, content) in files {
        let path = folder.path().join("site").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// `link -> reason` of whatever is not ok.
async fn findings(folder: &TempDir) -> Vec<String> {
    let config = CheckConfig { external: false, ..CheckConfig::default() };
    let target = Target::Folder { root: folder.path().join("site"), from: None };
    let report = Checker::new(config).run(&target).await.unwrap();
    report.links().iter().map(|link| format!("{} -> {}", link.link, link.verdict.reason.code())).collect()
}

#[test]
fn a_path_that_climbs_is_neither_read_nor_looked_at() {
    let folder = site(&[("index.html", ""), ("sub/a.html", "")]);
    let site = Folder::open(&folder.path().join("site")).unwrap();
    let mut content = Vec::new();
    for key in ["/../secret.html", "/sub/../../secret.html", "/./../secret.html", "//../secret.html", "/sub/.."] {
        assert_eq!(site.read(key, &mut content).unwrap_err().kind(), ErrorKind::NotFound, "{key}");
    }
    for key in ["/..", "/../", "/sub/..", "/sub/../../site", "/sub\0"] {
        assert!(!site.has_folder(key), "{key}");
    }
    assert!(site.has_folder("/sub") && site.has_folder("/sub/"));
    site.read("/sub/a.html", &mut content).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_link_that_climbs_in_whatever_form_leads_to_nothing() {
    let hrefs = [
        "%2e%2e/secret.html",
        "..%2fsecret.html",
        "sub/..%2f..%2fsecret.html",
        "..%5csecret.html",
        "..\\secret.html",
        "/%2e%2e%2fsecret.html",
        "....//secret.html",
        "%00",
        "secret.html%00.html",
        "..%2f",
        "..%2fsite",
    ];
    let page: String = hrefs.iter().map(|href| format!("<a href=\"{href}\">x</a>\n")).collect();
    let folder = site(&[("index.html", &page)]);
    let expected: Vec<String> = hrefs.iter().map(|href| format!("{href} -> missing-file")).collect();
    assert_eq!(findings(&folder).await, expected);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn symbolic_links_that_lead_out_are_known_and_not_followed() {
        let folder = site(&[("index.html", ""), ("sub/a.html", "")]);
        let root = folder.path().join("site");
        symlink("../secret.html", root.join("secret.html")).unwrap();
        symlink(folder.path(), root.join("sub/out")).unwrap();
        symlink("sub", root.join("same")).unwrap();
        symlink("index.html", root.join("again.html")).unwrap();
        let site = Folder::open(&root).unwrap();
        assert_eq!(site.files(), ["/again.html", "/index.html", "/same/a.html", "/sub/a.html"]);
        assert_eq!(site.outside(), ["/same/out", "/secret.html", "/sub/out"]);
        for (key, out) in [
            ("/secret.html", true),
            ("/sub/out", true),
            ("/sub/out/", true),
            ("/sub/out/secret.html", true),
            ("/sub/outer", false),
            ("/sub/a.html", false),
            ("/", false),
        ] {
            assert_eq!(site.leads_out(key), out, "{key}");
        }
        assert!(!site.has_folder("/sub/out") && !site.has_folder("/sub/out/site"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_to_what_is_outside_is_told_so_and_says_nothing_of_what_is_there() {
        let page =
            "<a href=secret.html>1</a><a href=secret.html#x>2</a><a href=out/secret.html>3</a><a href=out/>4</a>";
        let folder = site(&[("index.html", page)]);
        let root = folder.path().join("site");
        symlink("../secret.html", root.join("secret.html")).unwrap();
        symlink("..", root.join("out")).unwrap();
        assert_eq!(
            findings(&folder).await,
            [
                "secret.html -> outside-folder",
                "secret.html#x -> outside-folder",
                "out/secret.html -> outside-folder",
                "out/ -> outside-folder",
            ]
        );
    }

    #[test]
    fn the_folder_itself_may_be_a_symbolic_link() {
        let folder = site(&[("index.html", "")]);
        let link = folder.path().join("link");
        symlink("site", &link).unwrap();
        assert_eq!(Folder::open(&link).unwrap().files(), ["/index.html"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_backslash_in_a_name_is_a_letter_like_any_other() {
        let folder = site(&[("index.html", "<a href='a%5cb.html'>x</a><a href='a\\b.html'>y</a>"), ("a\\b.html", "")]);
        assert_eq!(findings(&folder).await, ["a\\b.html -> missing-file"]);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = site(&[("index.html", "")]);
        let root = folder.path().join("site");
        // Nothing but a hole: it takes no room on the disk.
        fs::File::create(root.join("large.html")).unwrap().set_len(256 * 1024 * 1024 + 1).unwrap();
        let site = Folder::open(&root).unwrap();
        let error = site.read("/large.html", &mut Vec::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::FileTooLarge, "larger than 268435456 bytes")
        );
    }
}
