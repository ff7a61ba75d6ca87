//! Between the tokenizer and what is done with its tags.

use html5gum::{Emitter, Error, State};

use super::element::{Attr, Element};
use super::tag::{Name, Tag};

/// What is told the tags of a page.
pub(super) trait Sink {
    /// Whether it wants text and end tags at all; without, they cost next to nothing.
    const TEXT: bool;

    /// A start tag that is not inside a `<template>`.
    fn start(&mut self, tag: &Tag, name: &[u8]);

    /// A piece of the text between two tags.
    fn text(&mut self, _text: &[u8]) {}

    /// An end tag; names longer than every name that matters are cut off.
    fn end(&mut self, _name: &[u8]) {}

    /// Whether it has seen enough; the tokenizer stops at the end of the tag then.
    fn done(&self) -> bool {
        false
    }
}

/// What the attribute that is being read is worth.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Nothing: there is none, it is of no interest, or a duplicate.
    Nothing,
    /// Its name is not complete.
    Name,
    Value(Attr),
}

/// An html5gum emitter that keeps nothing but the current tag.
///
/// The library's own callback emitter would do, but copies all text and every attribute; a page of
/// documentation is mostly those.
#[derive(Debug)]
pub(super) struct TagEmitter<'a, S> {
    pub(super) sink: &'a mut S,
    position: usize,
    /// Where the last `<` was.
    open: usize,
    is_end_tag: bool,
    name: Name,
    attr_name: Name,
    reading: Reading,
    tag: Tag,
    /// The element whose contents are text only, which its own end tag alone can end.
    raw: Option<Element>,
    /// How many `<template>` are open. Their contents are not part of the page.
    templates: usize,
    /// How many `<svg>` and `<math>` are open.
    foreign: usize,
}

impl<'a, S: Sink> TagEmitter<'a, S> {
    pub(super) fn new(sink: &'a mut S) -> Self {
        Self {
            sink,
            position: 0,
            open: 0,
            is_end_tag: false,
            name: Name::default(),
            attr_name: Name::default(),
            reading: Reading::Nothing,
            tag: Tag::new(),
            raw: None,
            templates: 0,
            foreign: 0,
        }
    }

    /// The name of the attribute is complete: decides whether its value is kept.
    #[inline]
    fn end_attr_name(&mut self, value_at: Option<usize>) {
        self.reading = match Attr::of(self.attr_name.as_bytes()) {
            Some(attr) if self.tag.begin(attr, value_at) => Reading::Value(attr),
            _ => Reading::Nothing,
        };
    }

    #[inline]
    fn end_attr(&mut self) {
        if matches!(self.reading, Reading::Name) {
            self.end_attr_name(None);
        }
        self.reading = Reading::Nothing;
    }

    fn start_tag(&mut self) -> Option<State> {
        let element = Element::of(self.name.as_bytes());
        let tag = &mut self.tag;
        tag.element = element;
        tag.offset = self.open;
        // In SVG, `<script/>` is complete; in HTML, the slash means nothing.
        let complete = tag.self_closing && self.foreign > 0;
        if matches!(element, Element::Svg | Element::Math) && !tag.self_closing {
            self.foreign += 1;
        }
        tag.foreign = self.foreign > 0;
        let is_rendered = self.templates == 0;
        // With `shadowrootmode` it is no template: its contents are rendered.
        let opens_template =
            element == Element::Template && !complete && (!is_rendered || tag.get(Attr::Shadowrootmode).is_none());
        self.templates += usize::from(opens_template);
        if is_rendered {
            self.sink.start(&self.tag, self.name.as_bytes());
        }
        if complete {
            return None;
        }
        let state = match element {
            Element::Title | Element::Textarea => State::RcData,
            Element::Script => State::ScriptData,
            Element::Plaintext => State::PlainText,
            // Not `noscript`: a checker runs no scripts.
            Element::Style | Element::Iframe | Element::Noembed | Element::Noframes | Element::Xmp => State::RawText,
            _ => return None,
        };
        self.raw = Some(element);
        Some(state)
    }

    fn end_tag(&mut self) {
        self.raw = None;
        match Element::of(self.name.as_bytes()) {
            Element::Template => self.templates = self.templates.saturating_sub(1),
            Element::Svg | Element::Math => self.foreign = self.foreign.saturating_sub(1),
            _ => {}
        }
        if S::TEXT && self.templates == 0 {
            self.sink.end(self.name.as_bytes());
        }
    }
}

impl<S: Sink> Emitter for TagEmitter<'_, S> {
    type Token = ();

    #[inline]
    fn move_position(&mut self, offset: isize) {
        self.position = self.position.wrapping_add_signed(offset);
    }

    #[inline]
    fn should_emit_errors(&mut self) -> bool {
        false
    }

    #[inline]
    fn pop_token(&mut self) -> Option<()> {
        self.sink.done().then_some(())
    }

    #[inline]
    fn emit_string(&mut self, text: &[u8]) {
        if S::TEXT && self.templates == 0 && matches!(self.raw, None | Some(Element::Title)) {
            self.sink.text(text);
        }
    }

    #[inline]
    fn start_open_tag(&mut self) {
        self.open = self.position - 1;
    }

    #[inline]
    fn init_start_tag(&mut self) {
        self.is_end_tag = false;
        self.name.clear();
        self.tag.clear();
        self.reading = Reading::Nothing;
    }

    #[inline]
    fn init_end_tag(&mut self) {
        self.is_end_tag = true;
        self.name.clear();
        self.reading = Reading::Nothing;
    }

    #[inline]
    fn push_tag_name(&mut self, part: &[u8]) {
        self.name.push(part);
    }

    #[inline]
    fn init_attribute(&mut self) {
        self.end_attr();
        self.attr_name.clear();
        self.reading = Reading::Name;
    }

    #[inline]
    fn push_attribute_name(&mut self, part: &[u8]) {
        self.attr_name.push(part);
    }

    #[inline]
    fn init_attribute_value(&mut self) {
        self.end_attr_name(Some(self.position));
    }

    #[inline]
    fn push_attribute_value(&mut self, part: &[u8]) {
        if let Reading::Value(attr) = self.reading {
            self.tag.extend(attr, part);
        }
    }

    #[inline]
    fn set_self_closing(&mut self) {
        self.tag.self_closing = true;
    }

    #[inline]
    fn emit_current_tag(&mut self) -> Option<State> {
        self.end_attr();
        if self.is_end_tag {
            self.end_tag();
            None
        } else {
            self.start_tag()
        }
    }

    #[inline]
    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.raw == Some(Element::of(self.name.as_bytes()))
    }

    #[inline]
    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.foreign > 0
    }

    // What follows is of no use for links: errors, comments and the document type.
    fn set_last_start_tag(&mut self, _: Option<&[u8]>) {}
    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn emit_current_doctype(&mut self) {}
}
