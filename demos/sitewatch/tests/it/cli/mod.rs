mod args;
mod capture;
mod execute;
mod rounds;
mod settings;
mod stopping;
mod target;

pub(crate) use capture::Capture;
