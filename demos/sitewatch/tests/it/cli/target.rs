use std::fs;
use std::path::{Path, PathBuf};

use sitewatch::cli::Target;
use tempfile::TempDir;

/// A folder with these files, each of the content that its name promises.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    folder
}

fn parse(path: &Path, from: Option<&str>) -> Result<Target, String> {
    Target::parse(path.to_str().unwrap(), from).map_err(|error| error.to_string())
}

fn refusal(text: &str) -> String {
    Target::parse(text, None).unwrap_err().to_string()
}

#[test]
fn a_folder_needs_html_somewhere_below() {
    let book = folder(&["a/b/c/page.HTM", "style.css"]);
    assert_eq!(parse(book.path(), None), Ok(Target::Folder { root: book.path().into(), from: None }));
    let images = folder(&["a/b.png", "html"]);
    let sentence = format!("there is no HTML file in the folder {}", images.path().display());
    assert_eq!(parse(images.path(), None), Err(sentence));
    let empty = folder(&[]);
    assert_eq!(parse(empty.path(), None), Err(format!("the folder {} is empty", empty.path().display())));
}

#[cfg(unix)]
#[test]
fn a_folder_that_contains_itself_by_a_link_is_searched_once() {
    let looped = folder(&["a/b.txt"]);
    std::os::unix::fs::symlink("..", looped.path().join("a/up")).unwrap();
    assert!(parse(looped.path(), None).unwrap_err().contains("no HTML file"));
}

#[test]
fn an_html_file_is_its_folder_from_that_page() {
    let book = folder(&["book/ch1.html"]);
    let root = book.path().join("book");
    let expected = Target::Folder { root: root.clone(), from: Some("ch1.html".into()) };
    assert_eq!(parse(&root.join("ch1.html"), None), Ok(expected));
    assert!(parse(&root.join("ch1.html"), Some("ch1.html")).unwrap_err().starts_with("--from is for folders"));
}

#[test]
fn a_start_page_is_found_by_file_or_by_folder_and_stays_inside() {
    let book = folder(&["ch1/index.html", "ch1/a.html", "ch2/b.html"]);
    let from = |page| match parse(book.path(), Some(page)) {
        Ok(Target::Folder { from, .. }) => from,
        other => panic!("{other:?}"),
    };
    assert_eq!(from("ch1/a.html"), Some(PathBuf::from("ch1/a.html")));
    assert_eq!(from("/ch1/"), Some(PathBuf::from("ch1/index.html")));
    for page in ["nope.html", "ch2", "../x.html", "ch1/../../x.html"] {
        let sentence = format!("--from: there is no page {page} in the folder {}", book.path().display());
        assert_eq!(parse(book.path(), Some(page)), Err(sentence));
    }
    assert_eq!(
        Target::parse("https://example.com/", Some("a.html")).unwrap_err().to_string(),
        "--from is for folders: https://example.com/ has a start page of its own",
    );
}

#[test]
fn sitemaps_are_known_by_their_names() {
    let files = folder(&["sitemap.xml", "urls.txt", "Sitemap.XML.gz", "logo.svg", "none"]);
    for name in ["sitemap.xml", "urls.txt", "Sitemap.XML.gz"] {
        let path = files.path().join(name);
        assert_eq!(parse(&path, None), Ok(Target::SitemapFile(path)));
    }
    for name in ["logo.svg", "none"] {
        assert!(parse(&files.path().join(name), None).unwrap_err().contains("is neither HTML"));
    }
    let url = "https://example.com/sitemap.xml?x#y";
    assert_eq!(
        Target::parse(url, None).unwrap(),
        Target::SitemapUrl("https://example.com/sitemap.xml?x".parse().unwrap())
    );
}

#[test]
fn a_file_url_is_the_path_in_it() {
    let book = folder(&["my page.html"]);
    let url = url::Url::from_file_path(book.path().join("my page.html")).unwrap();
    let expected = Target::Folder { root: book.path().into(), from: Some("my page.html".into()) };
    assert_eq!(Target::parse(url.as_str(), None).unwrap(), expected);
    assert_eq!(refusal("file:///no/such/place"), "there is no file or folder file:///no/such/place");
}

#[test]
fn what_is_no_target_is_named_in_one_sentence_with_what_may_have_been_meant() {
    let cases = [
        ("", "nothing to check: name a URL, a folder, an HTML file or a sitemap"),
        ("no/such/folder", "there is no file or folder no/such/folder"),
        ("./example.com", "there is no file or folder ./example.com"),
        ("index.html", "there is no file or folder index.html"),
        ("2024", "there is no file or folder 2024"),
        ("example.com", "there is no file or folder example.com; did you mean https://example.com?"),
        ("docs.rs/tokio", "there is no file or folder docs.rs/tokio; did you mean https://docs.rs/tokio?"),
        ("localhost:8080/x", "there is no file or folder localhost:8080/x; did you mean http://localhost:8080/x?"),
        ("127.0.0.1:80", "there is no file or folder 127.0.0.1:80; did you mean http://127.0.0.1:80?"),
        ("https:/example.com", "there is no file or folder https:/example.com; did you mean https://example.com?"),
        ("htp://a.b", "can't check htp://a.b: only http and https addresses can be; did you mean http://a.b?"),
        ("htttps://a.b", "can't check htttps://a.b: only http and https addresses can be; did you mean https://a.b?"),
        ("hptts://a.b", "can't check hptts://a.b: only http and https addresses can be; did you mean https://a.b?"),
        ("ftp://a.b", "can't check ftp://a.b: only http and https addresses can be"),
        ("http://", "not a valid URL: http://: empty host"),
        ("https://a b/", "not a valid URL: https://a b/: invalid international domain name"),
        ("http://a:99999/", "not a valid URL: http://a:99999/: invalid port number"),
    ];
    for (text, sentence) in cases {
        assert_eq!(refusal(text), sentence);
    }
}
