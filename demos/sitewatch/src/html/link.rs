use std::fmt;

use serde::{Deserialize, Serialize};

/// What a page is told to [`scan`](super::scan): links, anchors and the base, in order of
/// appearance.
pub trait Visitor {
    /// A link. The n-th call is the link with number n - 1, which [`locate`](super::locate) finds
    /// again.
    fn link(&mut self, link: Link<'_>);

    /// A place that a fragment can point to: the `id` of any element, or the `name` of an `a`.
    /// Never empty; an id that occurs twice is told twice.
    fn anchor(&mut self, id: &str);

    /// The page's `<base href>`, told at most once: only the first one counts. It holds for the
    /// whole page, but comes before every link that follows it only; pages put it first, because
    /// browsers may already have loaded what stands before it.
    fn base(&mut self, href: &str);
}

/// A link as it stands on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link<'a> {
    /// Which element and attribute it is from.
    pub kind: LinkKind,
    /// The reference, ready to be joined to the base: character references are resolved, leading
    /// and trailing spaces and control characters are cut, tabs and line ends taken out, as the
    /// [WHATWG URL parser](https://url.spec.whatwg.org/#concept-basic-url-parser) does first. May
    /// be empty for `a` and `area`, which means the page itself.
    pub href: &'a str,
    /// The byte offset of its tag's `<` in the text that was scanned.
    pub offset: usize,
}

impl<'a> Link<'a> {
    /// A link of an outline, which has no offset.
    pub(super) fn outlined(kind: LinkKind, href: &'a str) -> Self {
        Self { kind, href, offset: 0 }
    }
}

/// Which element and attribute a link is from.
///
/// # Examples
///
/// ```
/// use sitewatch::html::LinkKind;
///
/// assert_eq!(LinkKind::ImageSet.to_string(), "img srcset");
/// assert!(LinkKind::Anchor.leads_to_page());
/// assert!(!LinkKind::Script.leads_to_page());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[repr(u8)]
pub enum LinkKind {
    /// `<a href>`, also in SVG.
    Anchor,
    /// `<area href>`.
    Area,
    /// `<audio src>`.
    Audio,
    /// `<embed src>`.
    Embed,
    /// `<form action>`.
    Form,
    /// `<button formaction>` or `<input formaction>`.
    FormAction,
    /// `<frame src>` or `<iframe src>`.
    Frame,
    /// `<img src>`.
    Image,
    /// One candidate of `<img srcset>`.
    ImageSet,
    /// `<input type=image src>`.
    Input,
    /// `<link href>`: style sheets, icons, `canonical`, `alternate`, `next` and so on.
    Link,
    /// One candidate of `<link imagesrcset>`.
    LinkSet,
    /// `<object data>`.
    Object,
    /// `<video poster>`.
    Poster,
    /// `<meta http-equiv=refresh>` with an address.
    Refresh,
    /// `<script src>`, in SVG also `href`.
    Script,
    /// `<source src>`.
    Source,
    /// One candidate of `<source srcset>`.
    SourceSet,
    /// `<image href>` in SVG.
    SvgImage,
    /// `<use href>` in SVG.
    SvgUse,
    /// `<track src>`.
    Track,
    /// `<video src>`.
    Video,
}

impl LinkKind {
    /// The element and the attribute, as in `a href`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "a href",
            Self::Area => "area href",
            Self::Audio => "audio src",
            Self::Embed => "embed src",
            Self::Form => "form action",
            Self::FormAction => "button formaction",
            Self::Frame => "iframe src",
            Self::Image => "img src",
            Self::ImageSet => "img srcset",
            Self::Input => "input src",
            Self::Link => "link href",
            Self::LinkSet => "link imagesrcset",
            Self::Object => "object data",
            Self::Poster => "video poster",
            Self::Refresh => "meta refresh",
            Self::Script => "script src",
            Self::Source => "source src",
            Self::SourceSet => "source srcset",
            Self::SvgImage => "svg image href",
            Self::SvgUse => "svg use href",
            Self::Track => "track src",
            Self::Video => "video src",
        }
    }

    /// Whether the target can be another page to read: what a crawl follows. The rest are parts of
    /// the page, or (`form`) places that expect input.
    #[must_use]
    pub fn leads_to_page(self) -> bool {
        matches!(self, Self::Anchor | Self::Area | Self::Frame | Self::Link | Self::Object | Self::Refresh)
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
