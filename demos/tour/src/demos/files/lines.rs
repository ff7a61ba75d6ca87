//! The lines of a file.
use std::io;
use std::path::Path;

use tokio::fs::{self, File};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};

use super::log::CHUNK;

// ANCHOR: read_lines
/// The lines of a file. They are read in chunks, as each chunk is a job for a
/// thread.
pub(super) async fn lines(file: &Path) -> io::Result<Lines<BufReader<File>>> {
    let file = File::open(file).await?;
    Ok(BufReader::with_capacity(CHUNK, file).lines())
}
// ANCHOR_END: read_lines

/// All of them, of a short one.
pub(super) async fn lines_of(file: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(file).await?;
    Ok(text.lines().map(str::to_owned).collect())
}
