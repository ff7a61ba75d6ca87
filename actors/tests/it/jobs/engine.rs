//! What a queue of jobs makes of a driver: on a clock that only goes when nobody has anything to do, and with an engine
//! that misbehaves when it is told to.

mod accounts;
mod book;
mod calm;
mod deliveries;
mod doing;
mod ending;
mod failing;
mod firing;
mod flaky;
mod leading;
mod leases;
mod leaving;
mod limits;
mod matrix;
mod panics;
mod poison;
mod settings;
mod support;
mod tickets;
mod writing;
