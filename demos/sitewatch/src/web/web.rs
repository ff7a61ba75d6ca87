use std::fmt;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use metrics_exporter_prometheus::PrometheusHandle;
use patterns_core::cancel::CancelToken;

use super::auth::Auth;
use super::events::Seats;
use super::guard::guard;
use super::{WebSettings, api, events, pages};
use crate::service::Watch;

/// Everything that is served, without a server: for [`WebServer`](super::WebServer), and for tests.
///
/// Clones are the same.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use actix_web::test::{TestRequest, call_service, init_service};
/// use sitewatch::service::Watch;
/// use sitewatch::web::{Web, WebSettings};
///
/// async fn status(settings: &WebSettings, watch: Arc<dyn Watch>, host: &str) -> u16 {
///     let app = init_service(Web::new(settings, watch).app()).await;
///     let request = TestRequest::get().uri("/login").insert_header(("host", host));
///     call_service(&app, request.to_request()).await.status().as_u16()
/// }
/// ```
#[derive(Clone)]
pub struct Web {
    auth: Data<Auth>,
    watch: Data<dyn Watch>,
    shell: Data<Shell>,
    metrics: Option<Data<PrometheusHandle>>,
}

/// What all requests share, besides who may and what is shown.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) version: String,
    /// Ends what would go on for ever.
    pub(super) stop: CancelToken,
    pub(super) seats: Seats,
}

impl Web {
    /// What is served by these settings. Their addresses must be those that it is really reached at, with their ports:
    /// requests for others are refused.
    #[must_use]
    pub fn new(settings: &WebSettings, watch: Arc<dyn Watch>) -> Self {
        let shell = Shell { version: settings.version.clone(), stop: CancelToken::new(), seats: Seats::default() };
        Self { auth: Data::new(Auth::new(settings)), watch: Data::from(watch), shell: Data::new(shell), metrics: None }
    }

    /// Shows at `/metrics` what this recorder has taken, besides what is known without one.
    #[must_use]
    pub fn metrics(mut self, handle: PrometheusHandle) -> Self {
        self.metrics = Some(Data::new(handle));
        self
    }

    /// An application for actix-web.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
        + use<>,
    > {
        let mut app = App::new();
        app = app.app_data(self.auth.clone()).app_data(self.watch.clone()).app_data(self.shell.clone());
        if let Some(metrics) = &self.metrics {
            app = app.app_data(metrics.clone());
        }
        app.configure(api::routes)
            .configure(events::routes)
            .configure(pages::routes)
            .default_service(web::to(pages::nothing_here))
            .wrap(from_fn(guard))
    }

    /// Ends every stream of events when it is cancelled.
    pub(super) fn stop(&self) -> &CancelToken {
        &self.shell.stop
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("auth", &self.auth).field("shell", &self.shell).finish_non_exhaustive()
    }
}
