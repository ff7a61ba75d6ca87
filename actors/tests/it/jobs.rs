mod cancellation;
mod conformance;
mod drivers;
mod model;
mod sqlite;
