//! What holds for whatever bytes a stranger sends: shared by the fuzz targets and the tests.
mod html;
mod robots;
mod sitemap;
mod url;

pub(crate) use html::html;
pub(crate) use robots::robots;
pub(crate) use sitemap::sitemap;
pub(crate) use url::url;
