//! Links, anchors and places on pages.

use sitewatch::html::{self, Link, LinkKind, Visitor};

mod anchors;
mod decode;
mod links;
mod locate;
mod robust;

/// All that a page told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    links: Vec<(LinkKind, String)>,
    offsets: Vec<usize>,
    anchors: Vec<String>,
    bases: Vec<String>,
}

impl Visitor for Found {
    fn link(&mut self, link: Link<'_>) {
        self.links.push((link.kind, link.href.to_owned()));
        self.offsets.push(link.offset);
    }

    fn anchor(&mut self, id: &str) {
        self.anchors.push(id.to_owned());
    }

    fn base(&mut self, href: &str) {
        self.bases.push(href.to_owned());
    }
}

fn scan(page: &str) -> Found {
    let mut found = Found::default();
    html::scan(page, &mut found);
    found
}

/// `kind reference` for each link.
fn links(page: &str) -> Vec<String> {
    scan(page).links.iter().map(|(kind, href)| format!("{kind}: {href}")).collect()
}
