//! What holds for whatever bytes a stranger sends: shared by the fuzz targets and the tests.
mod html;
mod link;
mod robots;
mod sitemap;

pub(crate) use html::html;
pub(crate) use link::url;
pub(crate) use robots::robots;
pub(crate) use sitemap::sitemap;
