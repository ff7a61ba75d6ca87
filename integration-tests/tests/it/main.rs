//! All parts together, on a real clock.
mod fetch;
mod support;
