mod samples;

mod changes;
mod counts;
mod documentation;
mod fetched;
mod formats;
mod human;
mod laws;
mod output;
