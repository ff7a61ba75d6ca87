//! The visible text of a link, as it is gathered.

/// How many characters of a link's text are kept.
const LIMIT: usize = 80;

/// Text with runs of white space made one space, none at the ends, cut off after [`LIMIT`]
/// characters.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    chars: usize,
    /// White space has been seen since the last character.
    gap: bool,
    /// The end of a piece that ends inside a character.
    partial: Vec<u8>,
}

impl Text {
    /// Whether nothing that comes can change it.
    pub(super) fn is_full(&self) -> bool {
        self.chars > LIMIT
    }

    /// White space that is not in the text, such as between two paragraphs.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.gap = true;
                continue;
            }
            if self.is_full() {
                return;
            }
            if self.gap && !self.text.is_empty() {
                self.put(' ');
            }
            self.gap = false;
            self.put(c);
        }
    }

    /// A piece as the tokenizer gives it, which may end inside a character.
    pub(super) fn push_bytes(&mut self, piece: &[u8]) {
        if self.is_full() {
            return;
        }
        let joined;
        let mut rest = piece;
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(piece);
            joined = std::mem::take(&mut self.partial);
            rest = &joined;
        }
        match std::str::from_utf8(rest) {
            Ok(text) => self.push(text),
            Err(error) if error.error_len().is_none() => {
                let (whole, partial) = rest.split_at(error.valid_up_to());
                self.push(&String::from_utf8_lossy(whole));
                self.partial = partial.to_vec();
            }
            Err(_) => self.push(&String::from_utf8_lossy(rest)),
        }
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.chars += 1;
    }

    /// At most [`LIMIT`] characters; the last one is an ellipsis if something was cut off.
    pub(super) fn finish(mut self) -> String {
        if self.is_full() {
            let end = self.text.char_indices().nth(LIMIT - 1).map_or(self.text.len(), |(at, _)| at);
            self.text.truncate(end);
            self.text.truncate(self.text.trim_end().len());
            self.text.push('…');
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn white_space_is_collapsed_across_pieces() {
        let mut text = Text::default();
        text.push(" a ");
        text.push("\n b");
        text.gap();
        text.push("c ");
        assert_eq!(text.finish(), "a b c");
    }

    #[test]
    fn a_character_may_come_in_two_pieces() {
        let mut text = Text::default();
        text.push_bytes(b"caf\xc3");
        text.push_bytes(b"\xa9 ");
        assert_eq!(text.finish(), "café");
    }

    #[test]
    fn eighty_characters_are_kept_and_more_are_cut_to_eighty_with_an_ellipsis() {
        let mut text = Text::default();
        text.push(&"ä".repeat(80));
        assert_eq!(text.finish(), "ä".repeat(80));

        let mut text = Text::default();
        text.push(&"ä".repeat(500));
        assert_eq!(text.finish(), format!("{}…", "ä".repeat(79)));
    }
}
