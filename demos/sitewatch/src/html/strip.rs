//! What the WHATWG URL parser takes out of a reference before it looks at it.

use std::borrow::Cow;

fn is_c0_or_space(c: char) -> bool {
    c <= ' '
}

fn is_tab_or_line_end(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}

/// Cuts C0 controls and spaces at both ends and takes out tabs and line ends; allocates only for
/// those inside.
#[inline]
pub(super) fn strip(href: &str) -> Cow<'_, str> {
    // No early exit: so it is done many bytes at a time.
    if !href.bytes().fold(false, |odd, byte| odd | (byte <= b' ')) {
        return Cow::Borrowed(href);
    }
    let cut = href.trim_matches(is_c0_or_space);
    if cut.contains(is_tab_or_line_end) { Cow::Owned(cut.replace(is_tab_or_line_end, "")) } else { Cow::Borrowed(cut) }
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn it_cuts_the_ends_and_takes_line_ends_out_but_keeps_inner_spaces() {
        assert_eq!(strip("\u{0} \u{1f}a b\u{c} "), "a b");
        assert_eq!(strip(" x\n\t y\r\nz "), "x yz");
        assert_eq!(strip(" \n "), "");
        assert_eq!(strip("a"), "a");
        // Not a C0 control: it stays, to be percent-encoded.
        assert_eq!(strip("\u{a0}a"), "\u{a0}a");
    }
}
