//! Which links a tag has: the one place that decides, for [`scan`](super::scan) and for
//! [`locate`](super::locate) alike.

use super::element::{Attr, Element};
use super::link::LinkKind;
use super::strip::strip;
use super::tag::Tag;
use super::{refresh, srcset};

/// Gives every link of `tag` to `found`, always in the same order: kind, attribute, reference.
#[inline]
pub(super) fn links(tag: &Tag, found: impl FnMut(LinkKind, Attr, &str)) {
    Links { tag, found }.all();
}

struct Links<'a, F> {
    tag: &'a Tag,
    found: F,
}

impl<F: FnMut(LinkKind, Attr, &str)> Links<'_, F> {
    #[inline]
    fn all(&mut self) {
        match self.tag.element {
            Element::Other => {}
            Element::A => self.navigation(LinkKind::Anchor),
            Element::Area => self.navigation(LinkKind::Area),
            Element::Link => self.link_element(),
            Element::Img => self.image(),
            // Outside SVG, browsers take `<image>` for a misspelt `<img>`.
            Element::Image if !self.tag.foreign => self.image(),
            Element::Image => self.svg(LinkKind::SvgImage),
            Element::Use => self.svg(LinkKind::SvgUse),
            Element::Script if self.tag.foreign => self.svg(LinkKind::Script),
            Element::Script => self.plain(LinkKind::Script, Attr::Src),
            Element::Source => {
                self.plain(LinkKind::Source, Attr::Src);
                self.set(LinkKind::SourceSet, Attr::Srcset);
            }
            Element::Iframe | Element::Frame => self.plain(LinkKind::Frame, Attr::Src),
            Element::Embed => self.plain(LinkKind::Embed, Attr::Src),
            Element::Audio => self.plain(LinkKind::Audio, Attr::Src),
            Element::Track => self.plain(LinkKind::Track, Attr::Src),
            Element::Video => {
                self.plain(LinkKind::Video, Attr::Src);
                self.plain(LinkKind::Poster, Attr::Poster);
            }
            Element::Object => self.plain(LinkKind::Object, Attr::Data),
            Element::Form => self.plain(LinkKind::Form, Attr::Action),
            Element::Input => self.input(),
            Element::Button => self.button(),
            Element::Meta => self.meta(),
            _ => {}
        }
    }

    /// An empty reference means the page itself.
    #[inline]
    fn navigation(&mut self, kind: LinkKind) {
        if let Some(href) = self.tag.get(Attr::Href) {
            (self.found)(kind, Attr::Href, &strip(href));
        } else if self.tag.foreign
            && let Some(href) = self.tag.get(Attr::XlinkHref)
        {
            (self.found)(kind, Attr::XlinkHref, &strip(href));
        }
    }

    /// An empty reference means nothing: browsers load nothing for it.
    #[inline]
    fn plain(&mut self, kind: LinkKind, attr: Attr) {
        if let Some(value) = self.tag.get(attr) {
            let href = strip(value);
            if !href.is_empty() {
                (self.found)(kind, attr, &href);
            }
        }
    }

    fn set(&mut self, kind: LinkKind, attr: Attr) {
        if let Some(value) = self.tag.get(attr) {
            srcset::candidates(value, |address| {
                let href = strip(address);
                if !href.is_empty() {
                    (self.found)(kind, attr, &href);
                }
            });
        }
    }

    fn image(&mut self) {
        self.plain(LinkKind::Image, Attr::Src);
        self.set(LinkKind::ImageSet, Attr::Srcset);
    }

    /// `href`, or its older name if that is not there.
    fn svg(&mut self, kind: LinkKind) {
        let attr = if self.tag.get(Attr::Href).is_some() { Attr::Href } else { Attr::XlinkHref };
        self.plain(kind, attr);
    }

    fn link_element(&mut self) {
        if self.tag.get(Attr::Rel).is_some_and(names_no_resource) {
            return;
        }
        self.plain(LinkKind::Link, Attr::Href);
        self.set(LinkKind::LinkSet, Attr::Imagesrcset);
    }

    fn input(&mut self) {
        let kind = self.tag.get(Attr::Type).unwrap_or_default();
        let is_image = kind.eq_ignore_ascii_case("image");
        if is_image {
            self.plain(LinkKind::Input, Attr::Src);
        }
        if is_image || kind.eq_ignore_ascii_case("submit") {
            self.plain(LinkKind::FormAction, Attr::Formaction);
        }
    }

    fn button(&mut self) {
        let kind = self.tag.get(Attr::Type).unwrap_or_default();
        // Every type that is not one of these two submits.
        if !kind.eq_ignore_ascii_case("button") && !kind.eq_ignore_ascii_case("reset") {
            self.plain(LinkKind::FormAction, Attr::Formaction);
        }
    }

    fn meta(&mut self) {
        let is_refresh = self.tag.get(Attr::HttpEquiv).is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
        if is_refresh && let Some(address) = self.tag.get(Attr::Content).and_then(refresh::address) {
            let href = strip(address);
            if !href.is_empty() {
                (self.found)(LinkKind::Refresh, Attr::Content, &href);
            }
        }
    }
}

/// Whether every word of a `rel` says that nothing is to be fetched from the address: a host to
/// connect to in advance, or an endpoint that answers only to a POST.
fn names_no_resource(rel: &str) -> bool {
    let mut words = rel.split_ascii_whitespace().peekable();
    words.peek().is_some()
        && words
            .all(|word| ["preconnect", "dns-prefetch", "pingback"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}
