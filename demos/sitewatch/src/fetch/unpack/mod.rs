//! Decompression that is counted while it goes on.
//!
//! A body comes in pieces, and each is unpacked by itself into a small buffer again and again, so that no limit is
//! passed by more than a buffer, however much a few bytes would become.

mod layer;

use layer::Layer;

use super::coding::Coding;

/// What may come out whatever came in, in bytes: a small page of the same line over and over is no bomb.
const GRANTED: u64 = 1024 * 1024;

/// Why no more is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is as much as is wanted, and there would be more.
    Full,
    /// Too much comes out for what came in.
    Swells,
    /// It is not packed the way that it says.
    Bad,
}

/// Unpacks a body.
pub(super) struct Unpacker {
    /// What is undone first comes first.
    layers: Vec<Layer>,
    /// How many bytes came in.
    received: u64,
    /// How many bytes may come in. What can't be packed is a little longer packed than not; anything beyond that is
    /// bytes of which nothing comes out.
    most: u64,
    ratio: u32,
    kept: Kept,
}

/// What has come out.
struct Kept {
    body: Vec<u8>,
    limit: u64,
}

impl Unpacker {
    /// For a body packed by `codings`, to be undone in that order, of which `limit` bytes are wanted; of each of the
    /// layers at most `ratio` times as many bytes come out as come in, or [`GRANTED`] if that is more.
    pub(super) fn new(codings: &[Coding], limit: u64, ratio: u32) -> Self {
        Self {
            layers: codings.iter().map(|coding| Layer::new(*coding)).collect(),
            received: 0,
            most: longest(codings, limit),
            ratio,
            kept: Kept { body: Vec::new(), limit },
        }
    }

    /// Goes on with the next part of it, as it came.
    pub(super) fn push(&mut self, part: &[u8]) -> Result<(), Refusal> {
        self.received = self.received.saturating_add(part.len() as u64);
        if !self.layers.is_empty() && self.received > self.most {
            return Err(Refusal::Full);
        }
        let may = self.may();
        pass(&mut self.layers, part, may, &mut self.kept)
    }

    /// That was all of it.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        let may = self.may();
        let kept = &mut self.kept;
        let mut layers = self.layers.as_mut_slice();
        while let Some((layer, rest)) = std::mem::take(&mut layers).split_first_mut() {
            layer.finish(may, &mut |piece| pass(rest, piece, may, kept))?;
            layers = rest;
        }
        Ok(())
    }

    /// What has come out so far.
    pub(super) fn into_body(self) -> Vec<u8> {
        self.kept.body
    }

    /// How many bytes may have come out of a layer by now.
    fn may(&self) -> u64 {
        self.received.saturating_mul(u64::from(self.ratio)).max(GRANTED)
    }
}

/// How long a body packed by `codings` may be on the way, if `limit` bytes of it are wanted.
pub(super) fn longest(codings: &[Coding], limit: u64) -> u64 {
    if codings.is_empty() { limit } else { limit.saturating_add(limit / 64 + 1024) }
}

fn pass(layers: &mut [Layer], part: &[u8], may: u64, kept: &mut Kept) -> Result<(), Refusal> {
    match layers {
        [] => kept.take(part),
        [layer, rest @ ..] => layer.feed(part, may, &mut |piece| pass(rest, piece, may, kept)),
    }
}

impl Kept {
    fn take(&mut self, part: &[u8]) -> Result<(), Refusal> {
        let room = usize::try_from(self.limit.saturating_sub(self.body.len() as u64)).unwrap_or(usize::MAX);
        let (fits, beyond) = part.split_at(part.len().min(room));
        self.body.extend_from_slice(fits);
        if beyond.is_empty() { Ok(()) } else { Err(Refusal::Full) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    const RATIO: u32 = 200;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Unpacks what comes in parts of this length.
    fn unpacked(codings: &[Coding], packed: &[u8], limit: u64, part: usize) -> (Result<(), Refusal>, Vec<u8>) {
        let mut unpacker = Unpacker::new(codings, limit, RATIO);
        let pushed = packed.chunks(part).try_for_each(|part| unpacker.push(part));
        let result = pushed.and_then(|()| unpacker.finish());
        (result, unpacker.into_body())
    }

    #[test]
    fn a_body_is_what_was_packed_in_whatever_parts_it_comes() {
        let text = "the same again and again, and something else ".repeat(5_000).into_bytes();
        let once = [(vec![], text.clone()), (vec![Coding::Gzip], gzip(&text)), (vec![Coding::Deflate], zlib(&text))];
        let twice = (vec![Coding::Gzip, Coding::Deflate], gzip(&zlib(&text)));
        for (codings, packed) in once.into_iter().chain([twice]) {
            for part in [1, 7, 1000, usize::MAX] {
                let limit = text.len() as u64;
                assert_eq!(unpacked(&codings, &packed, limit, part), (Ok(()), text.clone()), "{codings:?} by {part}");
                let (result, body) = unpacked(&codings, &packed, limit - 1, part);
                assert_eq!((result, body.len()), (Err(Refusal::Full), text.len() - 1), "{codings:?} by {part}");
            }
        }
    }

    #[test]
    fn what_swells_is_refused_within_a_buffer_of_what_it_may() {
        let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
        let (result, body) = unpacked(&[Coding::Gzip], &bomb, u64::MAX, 1024);
        assert_eq!(result, Err(Refusal::Swells));
        // The first part by itself grants more than it can make.
        assert!(body.len() as u64 <= GRANTED + 1024 * u64::from(RATIO), "{}", body.len());
        // Up to a mebibyte it doesn't matter how it was packed.
        let small = gzip(&vec![0; 1024 * 1024]);
        assert_eq!(unpacked(&[Coding::Gzip], &small, u64::MAX, 1024).0, Ok(()));
    }

    #[test]
    fn what_swells_inside_and_comes_to_nothing_is_refused_too() {
        // Empty blocks that are stored, not compressed: as many as one likes, and nothing comes out of them.
        let nothing = [&[0x78, 0x9c][..], &[0, 0, 0, 0xff, 0xff].repeat(512 * 1024)].concat();
        let packed = gzip(&nothing);
        let (result, body) = unpacked(&[Coding::Gzip, Coding::Deflate], &packed, u64::MAX, 1024);
        assert_eq!((result, body.len()), (Err(Refusal::Swells), 0));
        // Not packed again, it is as long on the way as it looks.
        assert_eq!(unpacked(&[Coding::Deflate], &nothing, 1_000_000, 1024).0, Err(Refusal::Full));
    }

    #[test]
    fn what_is_cut_or_something_else_is_bad_and_nothing_is_nothing() {
        let text = b"hello hello hello hello";
        for (coding, packed) in [(Coding::Gzip, gzip(text)), (Coding::Deflate, zlib(text))] {
            for cut in 1..packed.len() {
                assert_eq!(unpacked(&[coding], &packed[..cut], 100, 4).0, Err(Refusal::Bad), "{coding:?} of {cut}");
            }
            assert_eq!(unpacked(&[coding], b"plain text", 100, 4).0, Err(Refusal::Bad));
            assert_eq!(unpacked(&[coding], b"", 100, 4), (Ok(()), Vec::new()));
            let more = [&packed[..], b"what follows"].concat();
            assert_eq!(unpacked(&[coding], &more, 100, 4), (Ok(()), text.to_vec()));
        }
        assert_eq!(unpacked(&[Coding::Brotli], &[0xff; 64], 100, 4).0, Err(Refusal::Bad));
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            part in 1_usize..40,
            codings in prop::collection::vec(
                prop::sample::select(vec![Coding::Gzip, Coding::Deflate, Coding::Brotli]), 0..3),
        ) {
            let (_, body) = unpacked(&codings, &bytes, 1_000, part);
            prop_assert!(body.len() <= 1_000);
        }
    }
}
