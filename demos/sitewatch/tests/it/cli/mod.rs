mod args;
mod capture;
mod execute;
mod jobs;
mod program;
mod remote;
mod rounds;
mod settings;
mod stopping;
mod target;

pub(crate) use capture::Capture;
