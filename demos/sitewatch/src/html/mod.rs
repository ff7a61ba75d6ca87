//! Every link and every anchor of a page, in one pass and without a document tree.
//!
//! [`scan`] is the fast half: it runs over each page of a site once and allocates nothing per link.
//! [`locate`] is the slow half: it runs only over pages that have something to report, and says
//! where the link with a given number stands, with its text. Both number the links in order of
//! appearance and share the code that finds them, so the numbers always agree.
//!
//! Before either, [`decode`] turns the bytes of a page into text, as a browser would.
//!
//! # Why a tokenizer and not a tree
//!
//! Which links a page has hardly depends on how its elements nest, so a conforming *tokenizer*
//! (html5gum) is enough, at a fraction of the cost of building a tree. The few places where
//! nesting does matter are followed here by counting: `<template>`, whose contents a browser
//! doesn't render, and `<svg>`, where `<script/>` is a complete element. What a tree would add
//! (an `<a>` moved out of a broken table, say) changes where a link is, not whether it is there.
//!
//! # Examples
//!
//! ```
//! use sitewatch::html::{self, Link, Visitor};
//!
//! #[derive(Default)]
//! struct Page {
//!     links: Vec<String>,
//!     anchors: Vec<String>,
//! }
//!
//! impl Visitor for Page {
//!     fn link(&mut self, link: Link<'_>) {
//!         self.links.push(link.href.to_owned());
//!     }
//!     fn anchor(&mut self, id: &str) {
//!         self.anchors.push(id.to_owned());
//!     }
//!     fn base(&mut self, _href: &str) {}
//! }
//!
//! let page = "<h1 id=top>Hi</h1>\n<p><a href=' a.html?x=1&amp;y=2 '>the  first</a> <!-- <a href=no> -->";
//! let mut found = Page::default();
//! html::scan(page, &mut found);
//! assert_eq!(found.links, ["a.html?x=1&y=2"]);
//! assert_eq!(found.anchors, ["top"]);
//!
//! let located = html::locate(page, &[0]);
//! assert_eq!((located[0].line, located[0].column), (2, 4));
//! assert_eq!(located[0].text, "the first");
//! ```

mod decode;
mod element;
mod emitter;
mod extract;
mod link;
mod locate;
mod outline;
mod refresh;
mod scan;
mod sniff;
mod srcset;
mod strip;
mod tag;
mod text;
#[cfg(test)]
mod work;

pub use decode::decode;
pub use link::{Link, LinkKind, Visitor};
pub use locate::{Located, locate};
pub use outline::Outline;
pub use scan::scan;
pub use sniff::looks_like_html;
