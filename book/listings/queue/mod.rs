pub mod crawl;
pub mod first_attempt;
