/// Who is in a bulkhead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The most calls that are inside at once.
    pub places: usize,
    /// Calls that are inside. More than `places` only after that was lowered.
    pub inside: usize,
    /// Calls that wait in line.
    pub waiting: usize,
    /// The most calls that may wait in line.
    pub max_waiting: usize,
    /// Calls that were turned away: the line was full, or they stood in it for too long.
    pub rejected: u64,
}
