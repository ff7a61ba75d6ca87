//! Servers for mail.

use url::{Host, Url};

use crate::store::without_secrets;

/// A server without whoever it is for. Of parameters there is one, which is no secret.
pub(super) fn shown(text: &str) -> String {
    let parameter = text.split_once('?').map_or("", |(_, parameter)| parameter);
    let is_known = parameter.starts_with("tls=") && !parameter.contains(['&', '@']);
    let parameter = if is_known { format!("?{parameter}") } else { String::new() };
    let server = without_secrets(text);
    // Without a scheme it is not known what is what.
    if server.contains('@') { "(hidden)".to_owned() } else { format!("{:?}", server + &parameter) }
}

/// Whether a server is on this machine. Of schemes that are not of the web, hosts are not told apart by the parser.
pub(super) fn is_here(url: &Url) -> bool {
    let Some(Ok(host)) = url.host_str().map(Host::parse) else { return false };
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
