//! A gigabyte of spaces, packed.
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// What is packed at a time: a mebibyte.
const BLOCK: usize = 1024 * 1024;

/// How many of those there are.
const BLOCKS: usize = 1024;

static BOMB: LazyLock<Bytes> = LazyLock::new(|| pack(BLOCKS));

/// A megabyte of gzip that unpacks to a gigabyte.
pub(super) fn bomb() -> Bytes {
    BOMB.clone()
}

/// Packs one block and repeats it: a full flush ends it at a whole byte, and what follows doesn't refer to what came
/// before. To pack all of them would take seconds, and the checksums of equal blocks can be added up.
fn pack(blocks: usize) -> Bytes {
    let block = vec![b' '; BLOCK];
    let mut packed = Vec::with_capacity(BLOCK);
    let mut compress = Compress::new(Compression::best(), false);
    // Can't fail: there is room for more than the block itself.
    let _ = compress.compress_vec(&block, &mut packed, FlushCompress::Full);
    let (mut one, mut all) = (Crc::new(), Crc::new());
    one.update(&block);
    // Magic number, deflate, no flags, no time, the densest, from an unknown system: RFC 1952, 2.3.
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    for _ in 0..blocks {
        gzip.extend_from_slice(&packed);
        all.combine(&one);
    }
    // An empty last block: RFC 1951, 3.2.6.
    gzip.extend_from_slice(&[0x03, 0x00]);
    gzip.extend_from_slice(&all.sum().to_le_bytes());
    gzip.extend_from_slice(&all.amount().to_le_bytes());
    gzip.into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_is_packed_is_valid_to_its_last_byte() {
        let mut unpacked = Vec::new();
        GzDecoder::new(&pack(3)[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 3 * BLOCK);
        assert!(unpacked.iter().all(|&byte| byte == b' '));
    }

    #[test]
    fn a_megabyte_stands_for_a_gigabyte() {
        assert!((BLOCK / 2..2 * BLOCK).contains(&bomb().len()), "{} bytes", bomb().len());
    }
}
