use html5gum::Tokenizer;

use super::element::{Attr, Element};
use super::emitter::{Sink, TagEmitter};
use super::extract;
use super::link::{Link, Visitor};
use super::strip::strip;
use super::tag::Tag;

/// Tells `visitor` every link, every anchor and the base of a page, in order of appearance.
///
/// It allocates one buffer for a page, and beyond that only for a link with a line end inside.
/// Any text is accepted: HTML has no errors, only a prescribed way to read what is odd. The time is
/// linear in the length.
///
/// What counts as a link is listed at [`LinkKind`](super::LinkKind). Comments, the contents of
/// scripts and style sheets, of `<template>` and of `<iframe>` don't count; the contents of
/// `<noscript>` do, as this is a reader without scripts. `<link>` with only `preconnect`,
/// `dns-prefetch` or `pingback` names no resource and is left out, as is an empty reference outside
/// `a` and `area`. If an attribute is given twice, the first counts.
///
/// # Comparison to lol_html
///
/// About as fast, but lol_html by default refuses some documents as ambiguous, and hands out
/// attributes with their character references unresolved.
///
/// # Examples
///
/// ```
/// use sitewatch::html::{self, Link, LinkKind, Visitor};
///
/// struct Print(String);
///
/// impl Visitor for Print {
///     fn link(&mut self, link: Link<'_>) {
///         self.0 += &format!("{} {} at {}\n", link.kind, link.href, link.offset);
///     }
///     fn anchor(&mut self, id: &str) {
///         self.0 += &format!("# {id}\n");
///     }
///     fn base(&mut self, href: &str) {
///         self.0 += &format!("base {href}\n");
///     }
/// }
///
/// let mut found = Print(String::new());
/// html::scan("<base href=/b/><img srcset='a.png, b.png 2x'><script>'<a href=no>'</script><p id=x>", &mut found);
/// assert_eq!(found.0, "base /b/\nimg srcset a.png at 15\nimg srcset b.png at 15\n# x\n");
///
/// let mut nothing = Print(String::new());
/// html::scan("no <a>, no <a name", &mut nothing);
/// assert_eq!(nothing.0, "");
/// ```
pub fn scan<V: Visitor + ?Sized>(html: &str, visitor: &mut V) {
    let mut sink = Scan { visitor, has_base: false };
    // No reader error and no token is possible: this only runs it to the end.
    for Ok(()) in Tokenizer::new_with_emitter(html, TagEmitter::new(&mut sink)) {}
}

struct Scan<'a, V: ?Sized> {
    visitor: &'a mut V,
    has_base: bool,
}

impl<V: Visitor + ?Sized> Sink for Scan<'_, V> {
    const TEXT: bool = false;

    #[inline]
    fn start(&mut self, tag: &Tag, _name: &[u8]) {
        let id = tag.get(Attr::Id).filter(|id| !id.is_empty());
        if let Some(id) = id {
            self.visitor.anchor(id);
        }
        if tag.element == Element::A
            && let Some(name) = tag.get(Attr::Name).filter(|name| !name.is_empty())
            && Some(name) != id
        {
            self.visitor.anchor(name);
        }
        if tag.element == Element::Base
            && !self.has_base
            && let Some(href) = tag.get(Attr::Href)
        {
            self.has_base = true;
            self.visitor.base(&strip(href));
        }
        extract::links(tag, |kind, _, href| {
            self.visitor.link(Link { kind, href, offset: tag.offset });
        });
    }
}
