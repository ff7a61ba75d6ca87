mod checks;
mod delivery;
mod memory;
mod meters;
mod setup;
mod web;
mod week;
