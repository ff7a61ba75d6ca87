//! What a queue of jobs makes of a driver: on a clock that only goes when nobody has anything to do, and with an engine
//! that misbehaves when it is told to.

mod accounts;
mod book;
mod deliveries;
mod doing;
mod ending;
mod failing;
mod flaky;
mod leading;
mod leases;
mod limits;
mod matrix;
mod settings;
mod support;
mod tickets;
