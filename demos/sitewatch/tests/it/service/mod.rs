mod checks;
mod crashes;
mod memory;
mod meters;
mod setup;
mod web;
mod week;
