mod checks;
mod setup;
mod web;
mod week;
