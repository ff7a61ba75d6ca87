//! The element and attribute names that matter here, as numbers.

/// An element that has links, anchors or an influence on how its contents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    A,
    Area,
    Audio,
    Base,
    Button,
    Embed,
    Form,
    Frame,
    Iframe,
    Image,
    Img,
    Input,
    Link,
    Math,
    Meta,
    Noembed,
    Noframes,
    Object,
    Plaintext,
    Script,
    Source,
    Style,
    Svg,
    Template,
    Textarea,
    Title,
    Track,
    Use,
    Video,
    Xmp,
    /// Any other; only its `id` is of interest.
    Other,
}

impl Element {
    /// `name` in lower case, as the tokenizer gives it.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"a" => Self::A,
            b"area" => Self::Area,
            b"audio" => Self::Audio,
            b"base" => Self::Base,
            b"button" => Self::Button,
            b"embed" => Self::Embed,
            b"form" => Self::Form,
            b"frame" => Self::Frame,
            b"iframe" => Self::Iframe,
            b"image" => Self::Image,
            b"img" => Self::Img,
            b"input" => Self::Input,
            b"link" => Self::Link,
            b"math" => Self::Math,
            b"meta" => Self::Meta,
            b"noembed" => Self::Noembed,
            b"noframes" => Self::Noframes,
            b"object" => Self::Object,
            b"plaintext" => Self::Plaintext,
            b"script" => Self::Script,
            b"source" => Self::Source,
            b"style" => Self::Style,
            b"svg" => Self::Svg,
            b"template" => Self::Template,
            b"textarea" => Self::Textarea,
            b"title" => Self::Title,
            b"track" => Self::Track,
            b"use" => Self::Use,
            b"video" => Self::Video,
            b"xmp" => Self::Xmp,
            _ => Self::Other,
        }
    }
}

/// An attribute whose value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Attr {
    Action,
    Alt,
    Charset,
    Content,
    Data,
    Formaction,
    Href,
    HttpEquiv,
    Id,
    Imagesrcset,
    Name,
    Poster,
    Rel,
    Shadowrootmode,
    Src,
    Srcset,
    Type,
    XlinkHref,
}

impl Attr {
    /// How many there are.
    pub(super) const COUNT: usize = Self::XlinkHref as usize + 1;

    /// `name` in lower case, as the tokenizer gives it.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"action" => Self::Action,
            b"alt" => Self::Alt,
            b"charset" => Self::Charset,
            b"content" => Self::Content,
            b"data" => Self::Data,
            b"formaction" => Self::Formaction,
            b"href" => Self::Href,
            b"http-equiv" => Self::HttpEquiv,
            b"id" => Self::Id,
            b"imagesrcset" => Self::Imagesrcset,
            b"name" => Self::Name,
            b"poster" => Self::Poster,
            b"rel" => Self::Rel,
            b"shadowrootmode" => Self::Shadowrootmode,
            b"src" => Self::Src,
            b"srcset" => Self::Srcset,
            b"type" => Self::Type,
            b"xlink:href" => Self::XlinkHref,
            _ => return None,
        })
    }
}
