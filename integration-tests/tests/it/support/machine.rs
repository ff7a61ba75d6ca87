//! Another machine: a network namespace, with links to it that are cut and healed.
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::pool_support::blocking;

/// The first of the addresses that RFC 2544 has set apart for tests, and how many subnets of four there are of them.
const SUBNETS: (Ipv4Addr, u32) = (Ipv4Addr::new(198, 18, 0, 0), 1 << 15);

/// Names and subnets are taken by one link of one process only.
static LINKS: AtomicU32 = AtomicU32::new(0);

/// Another machine. It is gone when this is dropped, and so are its links; that blocks.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The namespace.
    name: String,
    links: Vec<Link>,
    /// Carry what comes over a link to servers that listen to this machine only.
    doors: JoinSet<()>,
}

#[derive(Debug)]
struct Link {
    /// Our end of it.
    device: String,
    /// What we are called on it.
    address: Ipv4Addr,
}

impl Machine {
    /// One with so many links to it. Without root or `ip` there can't be one, which is told, and the test is skipped.
    pub(crate) async fn start(test: &str, links: usize) -> Option<Self> {
        match blocking(move || Self::new(links)).await {
            Ok(machine) => Some(machine),
            Err(why) => {
                let _ = writeln!(io::stderr(), "SKIPPED {test}: there can't be a second machine: {why}");
                None
            }
        }
    }

    fn new(links: usize) -> io::Result<Self> {
        let id = (std::process::id(), LINKS.fetch_add(1, Ordering::Relaxed));
        let name = format!("tested-{}-{}", id.0, id.1);
        let mut machine = Self { name, links: Vec::new(), doors: JoinSet::new() };
        ip(&format!("netns add {}", machine.name))?;
        ip(&format!("-n {} link set lo up", machine.name))?;
        for _ in 0..links {
            machine.connect()?;
        }
        Ok(machine)
    }

    fn connect(&mut self) -> io::Result<()> {
        let (process, number) = (std::process::id(), LINKS.fetch_add(1, Ordering::Relaxed));
        let subnet = process.wrapping_mul(8).wrapping_add(number) % SUBNETS.1;
        let subnet = u32::from(SUBNETS.0) + subnet * 4;
        let (address, theirs) = (Ipv4Addr::from(subnet + 1), Ipv4Addr::from(subnet + 2));
        let (device, far) = (format!("to{process}x{number}"), format!("far{number}"));
        ip(&format!("link add {device} type veth peer name {far} netns {}", self.name))?;
        // From here on it is to be taken away.
        self.links.push(Link { device: device.clone(), address });
        ip(&format!("addr add {address}/30 dev {device}"))?;
        ip(&format!("link set {device} up"))?;
        ip(&format!("-n {} addr add {theirs}/30 dev {far}", self.name))?;
        ip(&format!("-n {} link set {far} up", self.name))
    }

    /// What runs a program there, to be written before it.
    pub(crate) fn through(&self) -> Vec<String> {
        ["ip", "netns", "exec", &*self.name].map(str::to_owned).to_vec()
    }

    /// What we are called on this link.
    pub(crate) fn address(&self, link: usize) -> Ipv4Addr {
        self.links[link].address
    }

    /// Cuts this link (`down`), or heals it (`up`).
    pub(crate) async fn set(&self, link: usize, state: &'static str) {
        let words = format!("link set {} {state}", self.links[link].device);
        blocking(move || ip(&words)).await.unwrap();
    }

    /// Where a server that listens to this machine only is for the other one, by this link. What carries that is on this
    /// side, so a link that is cut is cut between the other machine and here.
    pub(crate) async fn lead_to(&mut self, server: SocketAddr, link: usize) -> SocketAddr {
        let door = TcpListener::bind((self.address(link), 0)).await.unwrap();
        let address = door.local_addr().unwrap();
        self.doors.spawn(carry(door, server));
        address
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Of one that was made only in part, not all is there.
        let _ = ip(&format!("netns del {}", self.name));
        for link in &self.links {
            let _ = ip(&format!("link del {}", link.device));
        }
    }
}

async fn carry(door: TcpListener, server: SocketAddr) {
    let mut guests = JoinSet::new();
    while let Ok((mut guest, _)) = door.accept().await {
        guests.spawn(async move {
            // While the server is away, it is as if nobody listened.
            if let Ok(mut host) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut guest, &mut host).await;
            }
        });
    }
}

fn ip(words: &str) -> io::Result<()> {
    let output = Command::new("ip").args(words.split(' ')).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(io::Error::other(format!("ip {words}: {said}"))) }
}
