mod args;
mod capture;
mod execute;
mod program;
mod rounds;
mod settings;
mod stopping;
mod target;

pub(crate) use capture::Capture;
