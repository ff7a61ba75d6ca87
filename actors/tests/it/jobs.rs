mod cancellation;
mod conformance;
mod drivers;
mod engine;
mod model;
mod sqlite;
