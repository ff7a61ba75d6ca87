//! Everything that a link can lead to, each with a number.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::report::Reason;

/// The number of a target.
pub(crate) type Id = u32;

/// What is done with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// In scope: fetched, and its links followed.
    Page,
    /// In a folder, and not HTML: there, and that is all there is to know.
    File,
    /// Nothing is there, which the folder's walk knows.
    Missing,
    /// A folder's address without its final slash: a redirect to this.
    Slash(Id),
    /// Out of scope: asked for once, not followed.
    External,
    /// Not asked for at all.
    Skipped(Reason),
}

/// Something that a link can lead to.
#[derive(Debug)]
pub(crate) struct Target {
    /// A path below the folder (with a leading slash), or an absolute URL; without a fragment.
    pub(crate) key: Arc<str>,
    pub(crate) role: Role,
    /// Whether a page other than itself links to it.
    pub(crate) linked: bool,
    /// Whether it was handed to the frontier.
    pub(crate) queued: bool,
    /// Why it was not visited, as long as it wasn't.
    pub(crate) unvisited: Reason,
    /// Whether it waits for the next level, where the crawl goes by levels.
    pub(crate) listed: bool,
    /// How many redirects lead here by the shortest way.
    pub(crate) hops: u32,
    pub(crate) visit: Option<Box<super::visit::Visit>>,
}

impl Target {
    /// Whether it was to be asked for, and has not answered.
    pub(crate) fn is_unvisited(&self) -> bool {
        self.queued && self.visit.is_none() && matches!(self.role, Role::Page | Role::External)
    }
}

/// All targets, by key and by number.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    index: HashMap<Arc<str>, Id, FxBuildHasher>,
    list: Vec<Target>,
}

impl Targets {
    pub(crate) fn find(&self, key: &str) -> Option<Id> {
        self.index.get(key).copied()
    }

    /// Adds a target that is not there yet.
    pub(crate) fn add(&mut self, key: &str, role: Role) -> Id {
        let id = Id::try_from(self.list.len()).expect("fewer than four billion targets");
        let key: Arc<str> = key.into();
        self.index.insert(Arc::clone(&key), id);
        self.list.push(Target {
            key,
            role,
            linked: false,
            queued: false,
            unvisited: Reason::Interrupted,
            listed: false,
            hops: u32::MAX,
            visit: None,
        });
        id
    }

    /// Another key for a target.
    pub(crate) fn alias(&mut self, key: &str, id: Id) {
        self.index.insert(key.into(), id);
    }

    pub(crate) fn get(&self, id: Id) -> &Target {
        &self.list[id as usize]
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> &mut Target {
        &mut self.list[id as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &Target)> {
        (0..).zip(&self.list)
    }
}
