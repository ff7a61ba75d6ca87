//! All parts together, on a real clock.
mod fetch;
mod same_findings;
mod support;
