const ROUNDS: usize = 7;

/// What the command line asked for.
pub(crate) struct Options {
    pub(crate) list: bool,
    pub(crate) rounds: usize,
    words: Vec<String>,
    args: Vec<String>,
}

impl Options {
    /// `None` where help is asked for.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let args: Vec<String> = args.collect();
        let mut options = Self { list: false, rounds: ROUNDS, words: Vec::new(), args: args.clone() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => options.list = true,
                "--rounds" => {
                    let rounds = args.next().unwrap_or_default();
                    let number = rounds.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds =
                        number.ok_or_else(|| format!("--rounds needs a number from 1 on, not {rounds:?}"))?;
                }
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
