//! Checks whose pages are fetched by workers, all of them in one process and on a paused clock.
mod cable;
mod checks;
mod commands;
mod deaths;
mod field;
mod identities;
mod logins;
mod looks;
mod pace;
mod places;
mod refusals;
mod service;
mod web;
