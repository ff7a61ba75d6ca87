use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::server::{Server, find};

/// A real static server: nginx, serving one folder.
#[derive(Debug)]
pub struct Nginx {
    server: Server,
    _home: TempDir,
}

impl Nginx {
    /// Serves `root`; `None` if nginx is not installed.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub fn serve(root: &Path) -> io::Result<Option<Self>> {
        let Some(program) = find("nginx") else { return Ok(None) };
        let home = tempfile::tempdir()?;
        let address = Server::free_address()?;
        let config = home.path().join("nginx.conf");
        fs::write(&config, configuration(root, home.path(), address.port()))?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).arg("-p").arg(home.path()).arg("-e").arg("stderr");
        let server = Server::start(command, address)?;
        Ok(Some(Self { server, _home: home }))
    }

    /// The URL of `path`, which starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }
}

fn configuration(root: &Path, home: &Path, port: u16) -> String {
    let (root, home) = (root.display(), home.display());
    // As root, nginx gives up its rights, and then can't read what only root may.
    let user = if fs::metadata("/proc/self").is_ok_and(|own| is_root(&own)) { "user root;" } else { "" };
    format!(
        r#"{user}
daemon off;
master_process off;
pid "{home}/pid";
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    types {{
        text/html html htm;
        text/css css;
        application/javascript js;
        image/svg+xml svg;
        image/png png;
        font/woff2 woff2;
    }}
    default_type application/octet-stream;
    client_body_temp_path "{home}/body";
    proxy_temp_path "{home}/proxy";
    fastcgi_temp_path "{home}/fastcgi";
    uwsgi_temp_path "{home}/uwsgi";
    scgi_temp_path "{home}/scgi";
    server {{
        listen 127.0.0.1:{port};
        root "{root}";
        index index.html;
        absolute_redirect off;
    }}
}}
"#
    )
}

#[cfg(unix)]
fn is_root(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == 0
}

#[cfg(not(unix))]
fn is_root(_: &fs::Metadata) -> bool {
    false
}
