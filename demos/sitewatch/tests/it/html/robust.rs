//! Any bytes are a page.

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use proptest::prelude::*;
use sitewatch::html::{LinkKind, decode, locate, looks_like_html};

use super::{Found, scan};

/// Pieces of markup that mean the same to every reader of HTML.
const COMMON: &[&str] = &[
    "<",
    ">",
    "/",
    "=",
    "\"",
    "'",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "&",
    "&amp;",
    "&#x41;",
    "&notit;",
    "-->",
    "<!--",
    "--",
    "<a ",
    "<a href=",
    "<a href=\"",
    "<A HREF='",
    "</a>",
    " href=x",
    " id=",
    " name=n",
    "<p>",
    "</p>",
    "<b id=i>",
    "<script>",
    "</script>",
    "</scrip",
    "<style>",
    "</style >",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea\n>",
    "<!doctype html>",
    "<?x",
    "</",
    "<!",
    "]]>",
    "x",
    "é",
    "日",
    ";",
    ",",
    "data-x='",
];

/// Pieces that need a reader who knows more of HTML than its tokens.
const MORE: &[&str] = &[
    "<img src=a srcset='b 1x, c,d 2x' alt=\"t x\">",
    "<svg>",
    "</svg>",
    "<svg/>",
    "<use href=#u />",
    "<template>",
    "</template>",
    "<template shadowrootmode=open>",
    "<noscript>",
    "</noscript>",
    "<iframe src=f>",
    "</iframe>",
    "<base href=b>",
    "<meta http-equiv=refresh content='0;url=r'>",
    "<link rel=preconnect href=l>",
    "<link rel=icon href=l>",
    "<form action=q>",
    "<![CDATA[",
    "<math>",
    "<script/>",
    "<plaintext",
    "<noframes>",
    "<image xlink:href=i>",
];

fn soup(pieces: Vec<&'static str>) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn all_soup() -> impl Strategy<Value = String> {
    soup([COMMON, MORE].concat())
}

/// The line and column of a byte offset, the slow way.
fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = text[..offset].replace("\r\n", "\n").replace('\r', "\n");
    let line = before.split('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
}

/// A tag's name and its attributes.
type Tag = (Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>);

/// The same question put to the tokenizer's own emitter: `a href` values, unstripped, and ids.
fn by_the_library(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut hrefs, mut ids) = (Vec::new(), Vec::new());
    let mut tag: Option<Tag> = None;
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: html5gum::Span<()>| {
        match event {
            CallbackEvent::OpenStartTag { name } => tag = Some((name.to_vec(), Vec::new())),
            CallbackEvent::AttributeName { name } => {
                if let Some((_, attributes)) = &mut tag {
                    attributes.push((name.to_vec(), Vec::new()));
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some((_, attributes)) = &mut tag {
                    attributes.last_mut().unwrap().1 = value.to_vec();
                }
            }
            CallbackEvent::CloseStartTag { .. } => {
                let (name, attributes) = tag.take().unwrap();
                let value = |wanted: &[u8]| {
                    let found = attributes.iter().find(|(name, _)| name == wanted)?;
                    Some(String::from_utf8(found.1.clone()).unwrap())
                };
                if name == b"a" {
                    hrefs.extend(value(b"href"));
                }
                ids.extend(value(b"id").filter(|id| !id.is_empty()));
            }
            _ => {}
        }
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(page, emitter).finish().unwrap();
    (hrefs, ids)
}

proptest! {
    #[test]
    fn scan_and_locate_agree_on_any_soup(page in all_soup()) {
        let found = scan(&page);
        let every: Vec<usize> = (0..found.links.len() + 3).collect();
        let located = locate(&page, &every);
        prop_assert_eq!(located.len(), found.links.len());
        for ((at, (kind, href)), offset) in located.iter().zip(&found.links).zip(&found.offsets) {
            prop_assert_eq!(at.kind, *kind);
            prop_assert_eq!(&at.href, href);
            prop_assert_eq!(page.as_bytes()[*offset], b'<');
            prop_assert_eq!((at.line, at.column), place(&page, *offset));
            prop_assert!(at.text.chars().count() <= 80);
            prop_assert!(page.contains(&at.href_as_written) || at.kind >= LinkKind::Refresh);
            if !at.href_as_written.contains(['&', '\0']) {
                let stripped = at.href_as_written.trim_matches(|c| c <= ' ').replace(['\t', '\n', '\r'], "");
                prop_assert_eq!(&stripped, href);
            }
        }
    }

    #[test]
    fn any_link_can_be_located_alone(page in all_soup(), pick in any::<prop::sample::Index>()) {
        let count = scan(&page).links.len();
        if count > 0 {
            let all: Vec<usize> = (0..count).collect();
            let wanted = pick.index(count);
            prop_assert_eq!(locate(&page, &[wanted]), [locate(&page, &all).remove(wanted)]);
        }
    }

    #[test]
    fn our_emitter_finds_what_the_librarys_own_finds(page in soup(COMMON.to_vec())) {
        let Found { links, anchors, .. } = scan(&page);
        let ours: Vec<_> = links.into_iter().map(|(_, href)| href).collect();
        let (hrefs, mut ids) = by_the_library(&page);
        let stripped: Vec<_> = hrefs
            .iter()
            .map(|href| href.trim_matches(|c| c <= ' ').replace(['\t', '\n', '\r'], ""))
            .collect();
        prop_assert_eq!(ours, stripped);
        // Those that only a `name` makes.
        let mut anchors = anchors;
        anchors.retain(|anchor| !anchor.starts_with('n'));
        ids.retain(|id| !id.starts_with('n'));
        prop_assert_eq!(anchors, ids);
    }

    #[test]
    fn any_bytes_in_any_encoding_are_a_page(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        charset in prop::option::of(prop::sample::select(vec!["utf-8", "utf-16le", "shift_jis", "gbk", "x"])),
    ) {
        let page = decode(&bytes, charset);
        let count = scan(&page).links.len();
        prop_assert_eq!(locate(&page, &(0..count).collect::<Vec<_>>()).len(), count);
        let _ = looks_like_html(&bytes);
    }
}

/// Runs on a thread of its own, so that a page that takes for ever is a failure and not a hang.
fn in_bounded_time(name: &str, page: String) {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let page = decode(page.as_bytes(), None);
        let count = scan(&page).links.len();
        let located = locate(&page, &(0..count).collect::<Vec<_>>()).len();
        done.send((count, located)).ok();
    });
    // Quadratic time over a megabyte would be hours; linear time is far below a second.
    let (count, located) = wait.recv_timeout(Duration::from_secs(60)).expect(name);
    assert_eq!(count, located, "{name}");
}

#[test]
fn a_megabyte_of_anything_takes_linear_time() {
    for piece in [
        "<a ",
        "&",
        "&a",
        "&#",
        "<",
        "</",
        "<!",
        "<!--",
        "<!--<",
        "--",
        "<a href=\"",
        "<a href=x>",
        "<a href=x>t",
        "a=",
        "\"",
        "<svg>",
        "<template>",
        "<script>",
        "</script",
        "<script></scrip",
        "<img srcset='",
        "a, ",
        "\0",
        "\r",
        "é",
        "<é",
        "<p id=x ",
        "<title></t",
        "<![CDATA[",
        "<?",
        "<base href=",
        "<meta charset=",
    ] {
        in_bounded_time(piece, piece.repeat(1_000_000 / piece.len()));
    }
    let spaces = " ".repeat(300_000);
    let candidates = "a, ".repeat(100_000);
    in_bounded_time("alt and srcset", format!("<img alt='{spaces}' srcset='{candidates}'>"));
    in_bounded_time("srcset of parentheses", format!("<img srcset='{}'>", "a (".repeat(300_000)));
    in_bounded_time("attributes", format!("<a {} href=x>", "b=c ".repeat(250_000)));
    in_bounded_time("huge reference", format!("<a href='{}'>x", "x&amp;\n".repeat(150_000)));
    in_bounded_time("huge name", format!("<{}><a {}=x>", "n".repeat(500_000), "n".repeat(500_000)));
}

#[test]
fn a_huge_reference_comes_whole() {
    let href = "x".repeat(1_000_000);
    let found = scan(&format!("<a href={href}>"));
    assert_eq!(found.links, [(LinkKind::Anchor, href)]);
}
