mod checks;
mod memory;
mod meters;
mod setup;
mod web;
mod week;
