mod args;
mod capture;
mod execute;
mod rounds;
mod stopping;
mod target;

pub(crate) use capture::Capture;
