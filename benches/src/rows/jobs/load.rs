//! What a process is asked to do, as its arguments say it: `<how> <where> <jobs> <width>`.

/// A number of jobs, and how they are put and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) how: How,
    pub(super) jobs: u64,
    /// How many tasks put, and how many jobs are done at the same time.
    pub(super) width: usize,
}

/// How jobs are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Each by a call of its own.
    Single,
    /// 512 by one call, one call after the other.
    Bulk,
    /// Each by a call of its own; and then the process stays, and does nothing.
    Idle,
}

impl How {
    const ALL: [Self; 3] = [Self::Single, Self::Bulk, Self::Idle];

    fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Bulk => "bulk",
            Self::Idle => "idle",
        }
    }
}

impl Load {
    pub(super) fn args(self, place: &str) -> [String; 4] {
        [self.how.word().to_owned(), place.to_owned(), self.jobs.to_string(), self.width.to_string()]
    }

    /// It, and where it is to be done.
    pub(super) fn parse(args: &[String]) -> Option<(Self, String)> {
        let [how, place, jobs, width] = args else { return None };
        let how = How::ALL.into_iter().find(|known| known.word() == how)?;
        Some((Self { how, jobs: jobs.parse().ok()?, width: width.parse().ok()? }, place.clone()))
    }
}

#[test]
fn a_load_is_read_as_it_was_written() {
    for how in How::ALL {
        let load = Load { how, jobs: 7, width: 2 };
        assert_eq!(Load::parse(&load.args("a file")), Some((load, "a file".to_owned())));
    }
    assert_eq!(Load::parse(&["single", "a file", "many", "2"].map(str::to_owned)), None);
}
