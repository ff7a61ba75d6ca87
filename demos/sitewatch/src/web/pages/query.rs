//! Addresses of our own pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

/// What is no unreserved character: RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address with a query of those values that are not empty.
pub(super) fn href(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = query.iter().filter(|(_, value)| !value.is_empty()).peekable();
    if pairs.peek().is_none() {
        return path.to_owned();
    }
    let mut serializer = Serializer::new(String::new());
    serializer.extend_pairs(pairs);
    format!("{path}?{}", serializer.finish())
}

/// The address of a site's page, or of something below it.
pub(super) fn site_path(name: &str, below: &str) -> String {
    format!("/sites/{}{below}", utf8_percent_encode(name, RESERVED))
}

/// The address of a run's page.
pub(super) fn run_path(site: &str, run: i64) -> String {
    site_path(site, &format!("/runs/{run}"))
}

/// The address of a job's page, or of something below it.
pub(super) fn job_path(id: &str, below: &str) -> String {
    format!("/jobs/{}{below}", utf8_percent_encode(id, RESERVED))
}

/// The address of what can be done about a queue.
pub(super) fn queue_path(name: &str, below: &str) -> String {
    format!("/queues/{}{below}", utf8_percent_encode(name, RESERVED))
}

/// Whether it is a path of ours and nothing that a browser would take for another host.
pub(super) fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}
