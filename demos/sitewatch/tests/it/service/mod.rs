mod checks;
mod setup;
mod web;
