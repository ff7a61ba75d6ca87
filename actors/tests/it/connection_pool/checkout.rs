//! Who gets which connection and when, and what is left when they don't wait for it.

mod leaving;
mod lending;
mod limit;
mod line;

use super::*;
