use super::directive;

/// Languages that a code block may be in, besides Rust and Python.
const OTHERS: &[&str] = &["text", "console", "toml", "json", "html"];

/// What may follow `rust`. Everything else would keep rustdoc from running the code.
const RUST: &[&str] = &["ignore", "should_panic", "compile_fail"];

/// A code block that is open.
#[derive(Debug)]
pub(super) struct Fence {
    /// Where it began.
    pub(super) line: usize,
    ticks: usize,
    info: String,
    content: Vec<String>,
}

impl Fence {
    pub(super) fn open(line: usize, text: &str) -> Option<Self> {
        let ticks = text.trim_start().chars().take_while(|c| *c == '`').count();
        let info = text.trim_start().trim_start_matches('`').trim();
        let opens = ticks >= 3 && !info.contains('`');
        opens.then(|| Self {
            line,
            ticks,
            info: info.to_owned(),
            content: Vec::new(),
        })
    }

    pub(super) fn closes(&self, text: &str) -> bool {
        let text = text.trim();
        text.len() >= self.ticks && text.chars().all(|c| c == '`')
    }

    pub(super) fn content(&mut self, text: &str) {
        self.content.push(text.to_owned());
    }

    fn language(&self) -> &str {
        self.words().next().unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split([',', ' ']).filter(|word| !word.is_empty())
    }

    /// Why this kind of block may not be in a chapter.
    pub(super) fn refused(&self) -> Option<String> {
        match self.language() {
            "" => Some(
                "a code block without a language is Rust to rustdoc: say which it is"
                    .to_owned(),
            ),
            "rust" => {
                let word = self.words().skip(1).find(|word| !RUST.contains(word))?;
                Some(format!(
                    "{word:?} is not allowed here: Rust is compiled and run, or should panic, or doesn't compile"
                ))
            }
            "python" => None,
            other if OTHERS.contains(&other) => None,
            other => Some(format!(
                "no code block may be in {other:?}: rust, python, {}",
                OTHERS.join(", ")
            )),
        }
    }

    /// Why the block as a whole may not be in a chapter.
    pub(super) fn finish(&self) -> Option<String> {
        let ignored = self.language() == "rust"
            && self.words().any(|word| word == "ignore");
        let (extension, folders): (_, &[&str]) = match self.language() {
            "python" => (".py", &["python"]),
            "rust" if ignored => {
                (".rs", &["src", "tests", "listings", "examples"])
            }
            _ => return None,
        };
        let file = |line: &String| {
            let inside = line.trim().strip_prefix("{{#")?.strip_suffix("}}")?;
            Some(directive::parse(inside).ok()?.file.to_owned())
        };
        let runs = |file: &str| {
            file.ends_with(extension)
                && file.split('/').any(|part| folders.contains(&part))
        };
        let files: Option<Vec<String>> = self
            .content
            .iter()
            .filter(|line| !line.is_empty())
            .map(file)
            .collect();
        if files.is_some_and(|files| {
            !files.is_empty() && files.iter().all(|file| runs(file))
        }) {
            return None;
        }
        Some(match self.language() {
            "python" => "Python is included from python/, so that it is run".to_owned(),
            _ => "ignored Rust is included from a file that is compiled elsewhere, or it is not ignored".to_owned(),
        })
    }
}
