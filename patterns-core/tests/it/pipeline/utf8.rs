use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use futures_util::{StreamExt, stream};
use patterns_core::pipeline::{NotUtf8, Pipeline, Utf8Decoder, utf8};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::support::ms;

/// Decodes bytes in chunks of these sizes, over and over.
fn decode(bytes: &[u8], sizes: &[usize]) -> Result<String, NotUtf8> {
    let (mut decoder, mut text, mut rest) = (Utf8Decoder::new(), String::new(), bytes);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        text.push_str(&decoder.decode(chunk)?);
        rest = after;
    }
    decoder.finish().map(|()| text)
}

#[test]
fn a_character_survives_a_cut_at_any_of_its_bytes() {
    let text = "aä€😀";
    for at in 0..=text.len() {
        let (one, two) = text.as_bytes().split_at(at);
        let mut decoder = Utf8Decoder::new();
        let decoded = decoder.decode(one).unwrap() + &decoder.decode(b"").unwrap() + &decoder.decode(two).unwrap();
        assert_eq!(decoded, text, "cut at {at}");
        decoder.finish().unwrap();
    }
}

#[test]
fn what_is_decoded_comes_at_once_and_not_at_the_end() {
    let mut decoder = Utf8Decoder::new();
    assert_eq!(decoder.decode(b"ab\xe2\x82").unwrap(), "ab");
    assert_eq!(decoder.decode(b"\xac").unwrap(), "\u{20ac}");
}

#[test]
fn the_offset_is_counted_from_the_beginning_of_the_text() {
    let cases: [(&[u8], u64); 7] = [
        (b"abc\xff", 3),
        (b"\xff", 0),
        (b"ab\xe2\x82", 2),
        (b"ab\xe2\x82x", 2),
        (b"ab\xe2x", 2),
        (b"\xc3\xa4\xc0\x80", 2),
        // A surrogate
        (b"a\xed\xa0\x80", 1),
    ];
    for (bytes, offset) in cases {
        for size in 1..=bytes.len() {
            assert_eq!(decode(bytes, &[size]).unwrap_err().offset(), offset, "{bytes:x?} by {size}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_in_any_chunks_is_the_same_text(
        text in "\\PC{0,80}",
        sizes in prop::collection::vec(1_usize..7, 1..10),
    ) {
        prop_assert_eq!(decode(text.as_bytes(), &sizes), Ok(text));
    }

    #[test]
    fn any_bytes_in_any_chunks_are_judged_as_the_whole(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0xc0_u8..=0xff, 0x80_u8..=0xbf, Just(b'a')], 0..24),
        sizes in prop::collection::vec(1_usize..7, 1..10),
    ) {
        match (decode(&bytes, &sizes), std::str::from_utf8(&bytes)) {
            (Ok(text), Ok(whole)) => prop_assert_eq!(text, whole),
            (Err(error), Err(whole)) => prop_assert_eq!(error.offset(), whole.valid_up_to() as u64),
            (ours, whole) => prop_assert!(false, "{ours:?} instead of {whole:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_file_goes_through_in_constant_memory_whole_and_in_order() {
    // Prime to the length of the line, so that every character is cut everywhere.
    const SIZE: usize = 11;
    // Belts of one behind the source, the decoder and the stage, four workers, and the sink.
    const BOUND: u64 = 1 + 1 + 4 + 1 + 1;

    let text: Arc<str> = "Grüße aus Köln, für 5 € 😀; ".repeat(1_000).into();
    let read = Arc::new(AtomicU64::new(0));
    let chunks = {
        let (text, read) = (Arc::clone(&text), Arc::clone(&read));
        (0..text.len()).step_by(SIZE).map(move |from| {
            read.fetch_add(1, SeqCst);
            text.as_bytes()[from..(from + SIZE).min(text.len())].to_vec()
        })
    };
    let (mut written, mut parts, mut most) = (String::new(), 0, 0);
    let report = Pipeline::from_items("shout", chunks)
        .through("utf8", utf8)
        .stage("upper", 4, async |part: String| {
            // The parts take differently long.
            sleep(ms(part.len() as u64 % 5)).await;
            Ok::<_, Infallible>(part.to_uppercase())
        })
        .for_each(async |part| {
            sleep(ms(2)).await;
            most = most.max(read.load(SeqCst) - parts);
            parts += 1;
            written.push_str(&part);
            Ok::<_, Infallible>(())
        })
        .await
        .unwrap();
    assert_eq!(written, text.to_uppercase());
    assert_eq!(report.entered(), read.load(SeqCst));
    assert_eq!(most, BOUND, "of {} chunks", report.entered());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_ends_within_a_character_is_an_error_after_what_came_before() {
    let chunks = stream::iter([&b"na\xc3"[..], b"\xafve", b"\xe2\x82"]);
    let parts: Vec<_> = utf8(chunks).collect().await;
    let texts: Vec<_> = parts.iter().filter_map(|part| part.as_deref().ok()).collect();
    assert_eq!(texts, ["na", "\u{ef}ve"]);
    assert_eq!(parts.last().unwrap().as_ref().unwrap_err().to_string(), "not UTF-8 from byte 6 on");
    assert_eq!(parts.len(), 3, "and then it has ended");
}
