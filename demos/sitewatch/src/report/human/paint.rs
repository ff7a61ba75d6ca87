use std::fmt;

use crate::report::Status;

/// Puts colours around things, or doesn't.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    on: bool,
}

impl Paint {
    pub(super) fn new(on: bool) -> Self {
        Self { on }
    }

    pub(super) fn bold<T: fmt::Display>(self, inner: T) -> impl fmt::Display {
        self.with("1", inner)
    }

    pub(super) fn dim<T: fmt::Display>(self, inner: T) -> impl fmt::Display {
        self.with("2", inner)
    }

    pub(super) fn status<T: fmt::Display>(self, status: Status, inner: T) -> impl fmt::Display {
        let code = match status {
            Status::Ok => "32",
            Status::Redirected => "33",
            Status::Broken => "31",
            Status::Skipped => "2",
        };
        self.with(code, inner)
    }

    fn with<T: fmt::Display>(self, code: &'static str, inner: T) -> Painted<T> {
        Painted { code: self.on.then_some(code), inner }
    }
}

struct Painted<T> {
    code: Option<&'static str>,
    inner: T,
}

/// Padding applies to the inner value, not to the escape sequences around it.
impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.code else { return self.inner.fmt(f) };
        write!(f, "\u{1b}[{code}m")?;
        self.inner.fmt(f)?;
        f.write_str("\u{1b}[0m")
    }
}
