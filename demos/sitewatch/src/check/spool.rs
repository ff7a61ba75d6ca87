//! Fetched pages, kept on disk until the report is made.
//!
//! A link's place and text are needed only where there is something to report, and whether there is
//! is known only at the end. Keeping the pages in a temporary file, which vanishes with the process,
//! keeps memory flat however large the site is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use parking_lot::Mutex;

/// A temporary file of pages.
#[derive(Debug)]
pub(crate) struct Spool(Mutex<File>);

/// Where a page is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    offset: u64,
    length: u32,
}

impl Spool {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Mutex::new(tempfile::tempfile()?)))
    }

    pub(crate) fn put(&self, page: &[u8]) -> io::Result<Slot> {
        let length = u32::try_from(page.len()).map_err(|_| io::Error::other("page beyond 4 GiB"))?;
        let mut file = self.0.lock();
        let offset = file.seek(SeekFrom::End(0))?;
        file.write_all(page)?;
        Ok(Slot { offset, length })
    }

    pub(crate) fn get(&self, slot: Slot, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(slot.length as usize, 0);
        let mut file = self.0.lock();
        file.seek(SeekFrom::Start(slot.offset))?;
        file.read_exact(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_back_as_they_were_put() {
        let spool = Spool::new().unwrap();
        let first = spool.put(b"one").unwrap();
        let empty = spool.put(b"").unwrap();
        let second = spool.put(b"another").unwrap();
        let mut buffer = b"what was here before".to_vec();
        for (slot, page) in [(second, &b"another"[..]), (first, b"one"), (empty, b"")] {
            spool.get(slot, &mut buffer).unwrap();
            assert_eq!(buffer, page);
        }
    }
}
