use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What is done in the transaction that ends a job: rows of the user's, which are there if and only if the
/// [answer](super::Answer) counts.
///
/// Each driver that [takes](super::super::JobDriver::takes) them has a type of its own for what they are, and is the only
/// one that knows it.
#[derive(Clone)]
pub struct Effects(Arc<dyn Any + Send + Sync>);

impl Effects {
    /// Effects that a driver finds again by their type. It may have to run them more than once, where an earlier
    /// transaction was rolled back.
    pub fn new(effects: impl Any + Send + Sync) -> Self {
        Self(Arc::new(effects))
    }

    /// Effects of this type.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Effects")
    }
}
