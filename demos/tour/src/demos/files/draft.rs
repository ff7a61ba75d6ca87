//! A report that is never half there.
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use patterns_core::exit_stack::Transactional;
use tempfile::{Builder, TempPath};
use tokio::fs::{self, File};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _, BufWriter};
use tokio::task::spawn_blocking;

/// What the names of drafts begin with. The rest of each is drawn by lot.
pub(super) const DRAFT: &str = ".draft-";

// ANCHOR: draft
/// A file that is written beside its place, and takes it when it is whole.
pub(crate) struct Draft {
    pub(crate) file: BufWriter<File>,
    /// Removes the file when it is dropped, until that has taken its place.
    half: TempPath,
    place: PathBuf,
}

impl Draft {
    /// An empty one. What is at its place stays there for now.
    pub(crate) async fn create(place: &Path) -> io::Result<Self> {
        let folder = folder_of(place).to_owned();
        // A job that nobody waits for any more drops what it has made.
        let made = spawn_blocking(move || {
            Builder::new().prefix(DRAFT).make_in(folder, |path| {
                // Never opens what is there already, be it a link.
                OpenOptions::new().write(true).create_new(true).open(path)
            })
        });
        let (file, half) = made.await??.into_parts();
        let file = BufWriter::new(File::from_std(file));
        Ok(Self { file, half, place: place.to_owned() })
    }
}

impl Transactional for Draft {
    type Error = io::Error;

    async fn commit(&mut self) -> io::Result<()> {
        // What is in it must be on the disk before its name says so.
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        fs::rename(&self.half, &self.place).await?;
        self.half.disable_cleanup(true);
        sync_folder(folder_of(&self.place)).await
    }

    async fn rollback(&mut self) -> io::Result<()> {
        match fs::remove_file(&self.half).await {
            // The commit got further than that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}
// ANCHOR_END: draft

impl Draft {
    // ANCHOR: clear
    /// Makes it empty again.
    pub(crate) async fn clear(&mut self) -> io::Result<()> {
        self.file.rewind().await?;
        self.file.get_ref().set_len(0).await
    }
    // ANCHOR_END: clear
}

// ANCHOR: sync_folder
/// A new name lasts once the folder that has it is on the disk, too.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder).await?.sync_all().await?;
    }
    Ok(())
}
// ANCHOR_END: sync_folder

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
