use std::path::PathBuf;

use crate::Demo;

/// How a demo is to be played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// On a paused clock and with a fixed seed, so that every run is the same.
    pub virtual_time: bool,
    /// The first attempt, which misbehaves.
    pub broken: bool,
    /// Where to draw what happened.
    pub svg: Option<PathBuf>,
}

/// What a demo's command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To say how it is used.
    Help,
    /// To be played.
    Play(Options),
}

impl Command {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// A sentence that says which argument can't be obeyed, and why.
    ///
    /// # Examples
    ///
    /// ```
    /// use tour::{Command, DEMOS};
    ///
    /// let read = |args: &[&str]| Command::read(DEMOS[0], args.iter().map(|arg| (*arg).to_owned()));
    /// assert_eq!(read(&["--help"]), Ok(Command::Help));
    /// assert!(matches!(read(&["--virtual"]), Ok(Command::Play(options)) if options.virtual_time));
    /// assert_eq!(read(&["--fast"]).unwrap_err(), "there is no argument \"--fast\"; --help says which there are");
    /// ```
    pub fn read(
        demo: &Demo,
        args: impl IntoIterator<Item = String>,
    ) -> Result<Self, String> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let (name, value) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (&*arg, None),
            };
            match (name, value) {
                ("--help" | "-h", None) => return Ok(Self::Help),
                ("--virtual", None) => options.virtual_time = true,
                ("--broken", None) if demo.broken.is_some() => {
                    options.broken = true
                }
                ("--broken", None) => {
                    return Err(format!(
                        "{} has no first attempt that misbehaves",
                        demo.word
                    ));
                }
                ("--svg", value) => match value.or_else(|| args.next()) {
                    Some(file)
                        if !file.is_empty() && !file.starts_with('-') =>
                    {
                        options.svg = Some(file.into())
                    }
                    _ => {
                        return Err("--svg needs the name of a file after it"
                            .to_owned());
                    }
                },
                _ => {
                    return Err(format!(
                        "there is no argument {arg:?}; --help says which there are"
                    ));
                }
            }
        }
        Ok(Self::Play(options))
    }

    /// What `--help` says.
    #[must_use]
    pub fn help(demo: &Demo) -> String {
        let Demo { word, shows, broken, .. } = demo;
        let mut text = format!(
            "{word}: {shows}\n\nUsage: cargo run -p tour --bin {word} -- [options]\n\n\
             \x20 --virtual     on virtual time and with a fixed seed: at once, and the same on every run\n\
             \x20 --svg FILE    draws what happened\n"
        );
        if broken.is_some() {
            text.push_str(
                "  --broken      plays a first attempt that misbehaves\n",
            );
        }
        text.push_str("  -h, --help    says this\n");
        text
    }
}
