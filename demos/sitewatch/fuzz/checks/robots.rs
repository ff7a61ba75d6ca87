use sitewatch::robots::Robots;

const AGENT: &str = "sitewatch/1.0";

/// What is before the first zero is a robots.txt, what is after it a path.
pub(crate) fn robots(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (body, path) = bytes.split_at(end);
    let path = String::from_utf8_lossy(path.strip_prefix(b"\0").unwrap_or(path));

    let robots = Robots::parse(body, AGENT);
    let allows = robots.allows(&path);
    assert!(robots.allows("/robots.txt"));
    assert!(Robots::parse(b"", AGENT).allows(&path));
    assert_eq!(robots.allows(&format!("{path}#part")), allows, "a fragment makes a difference for {path}");

    let mut windows = Vec::with_capacity(body.len());
    for byte in body {
        windows.extend_from_slice(if *byte == b'\n' { b"\r\n" } else { std::slice::from_ref(byte) });
    }
    if windows.len() < 500 * 1024 {
        assert_eq!(Robots::parse(&windows, AGENT).allows(&path), allows, "the line ends make a difference for {path}");
    }
    assert!(robots.sitemaps().iter().all(|sitemap| !sitemap.is_empty()));
}
