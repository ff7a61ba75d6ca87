use std::fmt::Write as _;

/// Elements, one a line: a blank line would end the block of HTML that a page includes this in.
#[derive(Default)]
pub(super) struct Svg {
    elements: String,
}

/// Colours of text, lines and paper, by the reader's choice. A page that has this in it overrides them for its themes.
const STYLE: &str = "<style>\nsvg.timeline { color: #1b1f24; background: #ffffff; }\n\
    @media (prefers-color-scheme: dark) { svg.timeline { color: #e2e6ea; background: #16191d; } }\n</style>\n";

impl Svg {
    /// Says `title` when it is pointed at.
    pub(super) fn rect(
        &mut self,
        at: (f64, f64),
        size: (f64, f64),
        colour: &str,
        dashed: bool,
        title: &str,
    ) {
        let (x, y) = at;
        let (width, height) = size;
        let dashes = if dashed { r#" stroke-dasharray="4 2""# } else { "" };
        let _ = writeln!(
            self.elements,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" fill="{colour}" fill-opacity="0.55" stroke="{colour}"{dashes}>{}</rect>"#,
            titled(title)
        );
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(
                self.elements,
                r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
                escaped(text)
            );
        }
    }

    pub(super) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        dashed: bool,
    ) {
        let dashes = if dashed { r#" stroke-dasharray="5 4""# } else { "" };
        let _ = writeln!(
            self.elements,
            r#"<path d="M{:.1} {:.1}L{:.1} {:.1}" stroke="currentColor"{dashes}></path>"#,
            from.0, from.1, to.0, to.1
        );
    }

    /// A thick line.
    pub(super) fn stroke(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        colour: &str,
        title: &str,
    ) {
        let _ = writeln!(
            self.elements,
            r#"<path d="M{:.1} {:.1}L{:.1} {:.1}" stroke="{colour}" stroke-width="4">{}</path>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            titled(title)
        );
    }

    pub(super) fn cross(
        &mut self,
        (x, y): (f64, f64),
        colour: &str,
        title: &str,
    ) {
        let (left, top, right, bottom) = (x - 6.0, y - 6.0, x + 6.0, y + 6.0);
        let _ = writeln!(
            self.elements,
            r#"<path d="M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{left:.1} {bottom:.1}L{right:.1} {top:.1}" stroke="{colour}" stroke-width="4">{}</path>"#,
            titled(title)
        );
    }

    pub(super) fn area(&mut self, path: &str, colour: &str) {
        let _ = writeln!(
            self.elements,
            r#"<path d="{path}" fill="{colour}" fill-opacity="0.3" stroke="{colour}"></path>"#
        );
    }

    pub(super) fn finish(self, title: &str, width: f64, height: f64) -> String {
        format!(
            "<svg class=\"timeline\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
             font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n{}{}</svg>\n",
            escaped(title),
            STYLE,
            self.elements
        )
    }
}

fn titled(title: &str) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!("<title>{}</title>", escaped(title))
    }
}

/// As text or as an attribute, on one line.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace(['\n', '\r'], " ")
}
