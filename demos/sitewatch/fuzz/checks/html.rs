use sitewatch::fetch::LONGEST_URL;
use sitewatch::html::{Link, LinkKind, Outline, Visitor, decode, locate, looks_like_html, scan};

/// What the header may say of the encoding.
const CHARSETS: [Option<&str>; 8] = [
    None,
    Some("utf-8"),
    Some("utf-16le"),
    Some("windows-1252"),
    Some("shift_jis"),
    Some("gb18030"),
    Some("iso-2022-jp"),
    Some("nonsense"),
];

/// The first byte picks the encoding, the others are the page. Whoever reads it finds the same links.
pub(crate) fn html(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let _ = looks_like_html(body);
    let page = decode(body, CHARSETS[usize::from(*first) % CHARSETS.len()]);
    let mut told = Told::default();
    scan(&page, &mut told);

    let all: Vec<usize> = (0..told.0.len() + 2).collect();
    let located = locate(&page, &all);
    assert_eq!(located.len(), told.0.len(), "a link has another number when it is looked for");
    for ((kind, href, offset), at) in told.0.iter().zip(&located) {
        assert_eq!(at.kind, *kind);
        assert!(at.href == *href || href.len() > LONGEST_URL, "{} instead of {href}", at.href);
        assert!(at.href.len() <= LONGEST_URL + 8 && at.href_as_written.len() <= LONGEST_URL + 8);
        assert!(at.line >= 1 && at.column >= 1 && at.text.chars().count() <= 80);
        assert_eq!(page.as_bytes()[*offset], b'<');
    }

    let outline = Outline::of(&page);
    assert_eq!(outline.locate(&all), located, "what is kept of a page says something else");
    assert_eq!(Outline::unpacked(&outline.packed()), Some(outline));
}

/// The links of a page: kind, reference, place.
#[derive(Default)]
struct Told(Vec<(LinkKind, String, usize)>);

impl Visitor for Told {
    fn link(&mut self, link: Link<'_>) {
        self.0.push((link.kind, link.href.to_owned(), link.offset));
    }

    fn anchor(&mut self, id: &str) {
        assert!(!id.is_empty());
    }

    fn base(&mut self, _: &str) {}
}
