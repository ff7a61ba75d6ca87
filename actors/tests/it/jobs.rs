pub(crate) mod conformance;
mod drivers;
