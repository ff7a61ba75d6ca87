use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use rand::distr::{Alphanumeric, SampleString};

use super::{Console, Failure};
use crate::service::config::ServiceConfig;
use crate::service::{Service, Watch};
use crate::web::{Reserved, WebServer, WebSettings};

/// The addresses of the page, before there is a page.
pub(super) struct Door {
    reserved: Reserved,
    /// The token, if it was made up here, as whoever starts it has to know it.
    made: Option<String>,
}

impl Door {
    /// Takes them, so that whoever can't have them has not begun anything.
    pub(super) fn reserve(config: &ServiceConfig) -> Result<Self, Failure> {
        let (token, made) = match &config.web.token {
            Some(token) => (token.expose().to_owned(), None),
            None => {
                let token = Alphanumeric.sample_string(&mut rand::rng(), 32);
                (token.clone(), Some(token))
            }
        };
        let settings = WebSettings {
            listen: config.web.listen.clone(),
            token,
            url: config.web.url.clone(),
            read_needs_token: config.web.read.needs_token(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let reserved = WebServer::reserve(settings).map_err(|error| Failure::failed(&error))?;
        Ok(Self { reserved, made })
    }

    /// Shows the service there, and says where that is.
    pub(super) fn open(
        self,
        service: &Service,
        meters: PrometheusHandle,
        console: &Console,
    ) -> Result<WebServer, Failure> {
        let watch: Arc<dyn Watch> = Arc::new(service.clone());
        let web = self.reserved.open(watch).map_err(|error| Failure::failed(&error))?.metrics(meters);
        for address in web.addresses() {
            console.notice(format_args!("listening on http://{address}/"));
            if let Some(token) = &self.made {
                console.notice(format_args!("to press its buttons, go by http://{address}/?token={token}"));
            }
        }
        Ok(web)
    }
}
