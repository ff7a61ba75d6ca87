//! One start tag, reduced to what can matter.

use super::element::{Attr, Element};

/// Enough for every name in [`Element`] and [`Attr`], and a byte more to see that one is longer.
const NAME_LIMIT: usize = 16;

/// A name in lower case; one that is too long to be known is kept cut off, and still unknown.
#[derive(Debug, Default)]
pub(super) struct Name {
    bytes: [u8; NAME_LIMIT],
    len: usize,
}

impl Name {
    #[inline]
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    pub(super) fn push(&mut self, part: &[u8]) {
        let part = &part[..part.len().min(NAME_LIMIT - self.len)];
        self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where in [`Tag::values`] an attribute's value is, and where in the page it begins.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    start: usize,
    end: usize,
    /// `None` for an attribute without a value.
    offset: Option<usize>,
}

/// A start tag with the attributes that matter. One value is reused for all tags of a page.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) element: Element,
    /// The byte offset of its `<`.
    pub(super) offset: usize,
    pub(super) self_closing: bool,
    /// Whether it stands in SVG or MathML.
    pub(super) foreign: bool,
    /// All values one after the other, with character references resolved.
    values: Vec<u8>,
    slots: [Slot; Attr::COUNT],
    /// A bit for each attribute that is there.
    present: u32,
}

impl Tag {
    pub(super) fn new() -> Self {
        Self {
            element: Element::Other,
            offset: 0,
            self_closing: false,
            foreign: false,
            values: Vec::new(),
            slots: [Slot::default(); Attr::COUNT],
            present: 0,
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.self_closing = false;
        self.present = 0;
        self.values.clear();
    }

    /// Begins the value of `attr`; false if the tag has it already, as then the first one counts.
    #[inline]
    pub(super) fn begin(&mut self, attr: Attr, offset: Option<usize>) -> bool {
        let bit = 1 << attr as u32;
        if self.present & bit != 0 {
            return false;
        }
        self.present |= bit;
        let at = self.values.len();
        self.slots[attr as usize] = Slot { start: at, end: at, offset };
        true
    }

    /// Goes on with the value of `attr`, which was the last one to begin.
    #[inline]
    pub(super) fn extend(&mut self, attr: Attr, part: &[u8]) {
        self.values.extend_from_slice(part);
        self.slots[attr as usize].end = self.values.len();
    }

    /// The value of `attr`, empty if it is there without one. Also `None` if it is not UTF-8, which
    /// cannot be when the page is.
    #[inline]
    pub(super) fn get(&self, attr: Attr) -> Option<&str> {
        if self.present & (1 << attr as u32) == 0 {
            return None;
        }
        let slot = &self.slots[attr as usize];
        std::str::from_utf8(&self.values[slot.start..slot.end]).ok()
    }

    /// Whether it has no contents.
    pub(super) fn self_closing_in_svg(&self) -> bool {
        self.foreign && self.self_closing
    }

    /// The byte offset at which the value of `attr` begins in the page, after its quote if any.
    pub(super) fn value_offset(&self, attr: Attr) -> Option<usize> {
        if self.present & (1 << attr as u32) == 0 {
            return None;
        }
        self.slots[attr as usize].offset
    }
}
