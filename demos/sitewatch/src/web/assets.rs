//! What pages are shown with: in the program, and each at an address that changes with its content.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use sha2::{Digest, Sha256};

use super::pages;
use super::pages::Visit;
use crate::hex::hex;

/// An asset: at an address that is never another's.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) path: String,
    media_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash = Sha256::digest(content);
        let path = format!("/assets/{name}.{}{ending}", hex(&hash[..8]));
        Self { path, media_type, content }
    }
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", ".css", "text/css; charset=utf-8", include_str!("assets/style.css")));

pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("live", ".js", "text/javascript; charset=utf-8", include_str!("assets/live.js")));

pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", ".svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// For anyone: there is nothing secret in them, and the page that asks for the token needs them.
pub(super) async fn asset(name: Path<String>, visit: Result<Visit, pages::LoginNeeded>) -> HttpResponse {
    let asked = format!("/assets/{name}");
    let Some(asset) = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.path == asked) else {
        return pages::missing(visit).await;
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(asset.media_type)
        .body(asset.content)
}
