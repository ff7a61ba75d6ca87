use std::fmt;
use std::time::Duration;

use super::{AwaitedNode, GroupNode, PermitsNode, State, TaskNode, Tree};

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.lines(&mut text)?;
        f.write_str(text.trim_end())
    }
}

impl Tree {
    fn lines(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for circle in &self.stuck {
            writeln!(f, "STUCK: {} -> {}", circle.join(" -> "), circle[0])?;
        }
        for group in &self.groups {
            write!(f, "{group}")?;
        }
        for semaphore in &self.semaphores {
            let held: usize = semaphore.holders.iter().map(|(_, n)| n).sum();
            write!(f, "semaphore {}: {held} of {} held", semaphore.name, semaphore.limit)?;
            if !semaphore.waiters.is_empty() {
                write!(f, ", {} waiting", semaphore.waiters.len())?;
            }
            writeln!(f)?;
        }
        for path in &self.adopted {
            writeln!(f, "adopted: {path}")?;
        }
        Ok(())
    }
}

impl fmt::Display for GroupNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}{}", self.path, rounded(self.age), self.state)?;
        if let Some(remaining) = self.remaining {
            write!(f, ", {} left", rounded(remaining))?;
        }
        write!(f, ", {} live (at {})", self.live, self.place)?;
        waits(f, &self.awaits, &self.holds)?;
        writeln!(f)?;
        for task in &self.tasks {
            writeln!(f, "  {task}")?;
        }
        let unseen = self.live.saturating_sub(self.tasks.len());
        if unseen > 0 {
            writeln!(f, "  and {unseen} that did not have to wait yet")?;
        }
        for path in &self.adopted {
            writeln!(f, "  adopted: {path}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TaskNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}{}", self.name, rounded(self.age), self.state)?;
        waits(f, &self.awaits, &self.holds)
    }
}

fn waits(f: &mut fmt::Formatter<'_>, awaits: &[AwaitedNode], holds: &[PermitsNode]) -> fmt::Result {
    let mut lead = ": ";
    for awaited in awaits {
        write!(f, "{lead}awaits {awaited}")?;
        lead = ", ";
    }
    for permits in holds {
        write!(f, "{lead}holds {permits}")?;
        lead = ", ";
    }
    Ok(())
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => Ok(()),
            Self::Cancelled(cause) => write!(f, ", {cause}"),
            Self::Aborted(cause) => write!(f, ", aborted after {cause}"),
        }
    }
}

impl fmt::Display for AwaitedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => f.write_str(label),
            Self::Permits(permits) => permits.fmt(f),
            Self::Task(path) => write!(f, "the end of {path}"),
        }
    }
}

impl fmt::Display for PermitsNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.n, self.semaphore)
    }
}

/// To the millisecond: nobody reads more of an age.
fn rounded(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    format!("{:?}", Duration::from_millis(millis))
}
