//! Mouse and keyboard, as a person uses them.
use std::io;

use serde_json::json;

use super::Page;

impl Page {
    /// Clicks the middle of the first element that matches, with the mouse; it is scrolled to before.
    ///
    /// # Errors
    ///
    /// If there is none within 20 seconds, or something else lies over it.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the button of the mouse may stay pressed; run it to its end.
    pub async fn click(&self, selector: &str) -> io::Result<()> {
        let element = self.element(selector).await?;
        let place = format!(
            "(() => {{
                const element = {element};
                element.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
                const {{ x, y, width, height }} = element.getBoundingClientRect();
                const at = [x + width / 2, y + height / 2];
                const hit = document.elementFromPoint(...at);
                return [...at, element.contains(hit) ? '' : (hit ? hit.outerHTML.slice(0, 200) : 'nothing')];
            }})()"
        );
        let (x, y, instead): (f64, f64, String) = self.eval(&place).await?;
        if !instead.is_empty() {
            return Err(io::Error::other(format!("{selector} can't be clicked: at {x},{y} is {instead}")));
        }
        for (kind, button, buttons, count) in
            [("mouseMoved", "none", 0, 0), ("mousePressed", "left", 1, 1), ("mouseReleased", "left", 0, 1)]
        {
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": count });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Types a text into whatever has the focus.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is typed as a whole or not at all.
    pub async fn type_text(&self, text: &str) -> io::Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Presses a key and lets it go: a character, or `Tab`, `Enter`, `Escape`, `Space`, `Backspace`, `Delete`, `Home`,
    /// `End`, `PageUp`, `PageDown`, `ArrowUp` and so on; with `Shift+`, `Alt+` or `Control+` before it.
    ///
    /// # Errors
    ///
    /// If there is no such key, or the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the key may stay pressed; run it to its end.
    pub async fn press(&self, key: &str) -> io::Result<()> {
        let mut modifiers = 0;
        let mut name = key;
        for (prefix, bit) in [("Alt+", 1), ("Control+", 2), ("Shift+", 8)] {
            if let Some(rest) = name.strip_prefix(prefix) {
                (name, modifiers) = (rest, modifiers | bit);
            }
        }
        let key = Key::of(name).ok_or_else(|| io::Error::other(format!("there is no key {key:?}")))?;
        let event = |kind: &str| {
            json!({
                "type": kind, "key": key.key, "code": key.code, "modifiers": modifiers,
                "windowsVirtualKeyCode": key.number, "nativeVirtualKeyCode": key.number,
            })
        };
        let mut down = event(if key.text.is_some() { "keyDown" } else { "rawKeyDown" });
        if let Some(text) = &key.text {
            down["text"] = text.as_str().into();
        }
        self.call("Input.dispatchKeyEvent", down).await?;
        self.call("Input.dispatchKeyEvent", event("keyUp")).await.map(drop)
    }
}

/// A key, as the events of a page describe it.
struct Key {
    key: String,
    code: String,
    number: u32,
    /// What it types.
    text: Option<String>,
}

impl Key {
    fn of(name: &str) -> Option<Self> {
        let silent = |number| Some(Self { key: name.to_owned(), code: name.to_owned(), number, text: None });
        match name {
            "Backspace" => silent(8),
            "Tab" => silent(9),
            "Enter" => Some(Self { text: Some("\r".to_owned()), ..silent(13)? }),
            "Escape" => silent(27),
            "Space" => Some(Self { key: " ".to_owned(), text: Some(" ".to_owned()), ..silent(32)? }),
            "PageUp" => silent(33),
            "PageDown" => silent(34),
            "End" => silent(35),
            "Home" => silent(36),
            "ArrowLeft" => silent(37),
            "ArrowUp" => silent(38),
            "ArrowRight" => silent(39),
            "ArrowDown" => silent(40),
            "Delete" => silent(46),
            name => Self::character(name),
        }
    }

    fn character(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else { return None };
        let upper = character.to_ascii_uppercase();
        let (code, number) = match upper {
            'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
            '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
            '/' => ("Slash".to_owned(), 191),
            // Which key it is differs from keyboard to keyboard.
            _ => (String::new(), 0),
        };
        Some(Self { key: name.to_owned(), code, number, text: Some(name.to_owned()) })
    }
}
