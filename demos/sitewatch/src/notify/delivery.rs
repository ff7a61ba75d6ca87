//! What is sent, by whatever way.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Notice;
use crate::hex::hex;

#[derive(Serialize)]
struct Payload<'a> {
    version: u32,
    notices: &'a [Notice],
}

/// Notices as a webhook and a command get them.
pub(super) fn payload(notices: &[Notice]) -> Vec<u8> {
    // Our own types, whose keys are texts: nothing that JSON can't hold.
    serde_json::to_vec(&Payload { version: 1, notices }).unwrap_or_default()
}

/// The name of a delivery: the same for the same notices, and another for others, also for those of another sitewatch.
pub(super) fn name(notices: &[Notice]) -> String {
    let mut hash = Sha256::new();
    for Notice { id, site, run, at, .. } in notices {
        hash.update(format!("{id} {run} {} {} {site}\n", at.as_nanosecond(), site.len()));
    }
    // Half of it is beyond any chance.
    hex(&hash.finalize()[..16])
}
