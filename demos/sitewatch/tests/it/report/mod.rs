mod samples;

mod changes;
mod counts;
mod formats;
mod human;
mod laws;
mod output;
