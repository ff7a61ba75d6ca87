use sitewatch::fetch::LONGEST_URL;
use sitewatch::sitemap::Sitemap;

/// A sitemap, or something else that is refused in few words.
pub(crate) fn sitemap(bytes: &[u8]) {
    match Sitemap::parse(bytes) {
        Ok(sitemap) => {
            assert!(sitemap.pages.is_empty() || sitemap.indexes.is_empty());
            assert!(sitemap.pages.len() <= 50_000 && sitemap.indexes.len() <= 50_000);
            for url in sitemap.pages.iter().chain(&sitemap.indexes) {
                assert!(!url.is_empty() && url.trim() == url && url.len() <= LONGEST_URL, "{url:?}");
            }
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() <= 1_000, "{} bytes of message: {message}", message.len());
        }
    }
}
