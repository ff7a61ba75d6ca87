//! What is in a folder.
use std::path::Path;
use std::{fmt, io, iter};

use tokio::fs;

use super::draft::DRAFT;

/// What is in a folder. Drafts are only counted, as their names are others on
/// every run.
pub(crate) struct Listing {
    /// The names of all others, in order.
    pub(crate) files: Vec<String>,
    pub(crate) drafts: usize,
}

impl Listing {
    pub(crate) async fn of(folder: &Path) -> io::Result<Self> {
        let mut entries = fs::read_dir(folder).await?;
        let (mut files, mut drafts) = (Vec::new(), 0);
        while let Some(entry) = entries.next_entry().await? {
            match entry.file_name().to_string_lossy() {
                name if name.starts_with(DRAFT) => drafts += 1,
                name => files.push(name.into_owned()),
            }
        }
        files.sort();
        Ok(Self { files, drafts })
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(&self.files)
            .entries(iter::repeat_n(format_args!("a draft"), self.drafts))
            .finish()
    }
}
