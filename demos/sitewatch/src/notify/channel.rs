use async_trait::async_trait;

use super::{Notice, SendError};

/// A way to tell somebody.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use sitewatch::notify::{Channel, Notice, NoticeKind, SendError};
///
/// /// Somebody who wants to hear of one site only.
/// struct Picky(&'static str);
///
/// #[async_trait]
/// impl Channel for Picky {
///     async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
///         match notices.iter().find(|notice| notice.site != self.0) {
///             None => Ok(()),
///             Some(other) => {
///                 Err(SendError::Refused { to: self.0.to_owned(), why: format!("{} is not ours", other.site) })
///             }
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = |site: &str| Notice::new(NoticeKind::Changed, site, format!("https://example.org/{site}/"), 12, at);
/// assert!(Picky("docs").send(&[notice("docs")]).await.is_ok());
/// assert!(Picky("docs").send(&[notice("docs"), notice("blog")]).await.unwrap_err().is_permanent());
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Sends these as one, and returns once they were taken. It has a limit of time of its own.
    ///
    /// # Errors
    ///
    /// Whatever kept it from that. [`SendError::is_permanent`] says whether it is worth another attempt.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: nobody knows whether they were taken. Send them again; each has the same
    /// [`id`](Notice::id) then.
    async fn send(&self, notices: &[Notice]) -> Result<(), SendError>;
}
