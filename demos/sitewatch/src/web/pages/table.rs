//! Tables, all made alike.

use maud::{Markup, html};

/// The heading of a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Text(&'static str),
    /// Of numbers, which stand below each other.
    Number(&'static str),
    /// Of what says itself what it is, to who sees it.
    Unseen(&'static str),
}

/// A table of these rows. With the class `cards`, each row is a card on a phone; the caption is for who hears it.
pub(super) fn table(class: &str, caption: &str, columns: &[Column], rows: Markup) -> Markup {
    html! {
        table class=(class) {
            caption.unseen { (caption) }
            thead {
                tr {
                    @for column in columns {
                        @match column {
                            Column::Text(name) => { th scope="col" { (name) } }
                            Column::Number(name) => { th.number scope="col" { (name) } }
                            Column::Unseen(name) => { th scope="col" { span.unseen { (name) } } }
                        }
                    }
                }
            }
            tbody { (rows) }
        }
    }
}
