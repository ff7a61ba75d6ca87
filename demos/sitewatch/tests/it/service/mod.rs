mod checks;
mod crashes;
mod jobs;
mod memory;
mod meters;
mod setup;
mod web;
mod week;
