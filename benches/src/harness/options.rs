const ROUNDS: usize = 7;
const TRIES: usize = 4;

/// What the command line asked for.
pub(crate) struct Options {
    pub(crate) list: bool,
    pub(crate) rounds: usize,
    /// How often a disturbed repetition is redone; then the least disturbed one is kept.
    pub(crate) tries: usize,
    words: Vec<String>,
    args: Vec<String>,
}

impl Options {
    /// `None` where help is asked for.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let args: Vec<String> = args.collect();
        let mut options = Self { list: false, rounds: ROUNDS, tries: TRIES, words: Vec::new(), args: args.clone() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => options.list = true,
                "--rounds" => options.rounds = number("--rounds", args.next())?,
                "--tries" => options.tries = number("--tries", args.next())?,
                "--help" | "-h" => return Ok(None),
                flag if flag.starts_with('-') => return Err(format!("there is no option {flag}")),
                _ => options.words.push(arg),
            }
        }
        Ok(Some(options))
    }

    pub(crate) fn selects(&self, row: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| row.contains(word.as_str()))
    }

    /// The command that repeats this.
    pub(crate) fn command(&self) -> String {
        let args = self.args.iter().map(|arg| format!(" {arg}")).collect::<String>();
        let dashes = if args.is_empty() { "" } else { " --" };
        format!("cargo run --release -p benches{dashes}{args}")
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.unwrap_or_default();
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{option} needs a number from 1 on, not {value:?}"))
}
