//! All parts together, on a real clock.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod actix_web;
mod actors_fairness;
mod blocking;
mod browser;
mod demo_site;
mod dice;
mod example;
mod fetch;
mod hostile;
#[path = "../../../actors/tests/it/jobs/conformance.rs"]
mod jobs_conformance;
mod jobs_crashes;
mod jobs_example;
mod jobs_nats;
mod jobs_postgres;
mod many_workers;
mod pool_support;
mod pool_tcp;
mod postgres;
mod program;
mod redis;
mod same_findings;
mod scheduler_clocks;
#[path = "../../../actors/tests/it/scheduler/conformance.rs"]
mod scheduler_conformance;
mod scheduler_crashes;
mod scheduler_stores;
mod service;
mod service_crashes;
mod service_delivery;
mod service_idle;
mod service_outage;
mod service_web;
mod shutdown;
mod store;
mod support;
