use std::collections::BTreeSet;
use std::str::FromStr;

use super::{Fault, UnknownFault};

/// Which faults a site has.
///
/// # Defaults
///
/// All but the [hostile](Fault::is_hostile) ones, so that a check comes to its end by itself and soon.
///
/// # Examples
///
/// ```
/// use sitewatch::demo_site::{Fault, Faults};
///
/// assert!(Faults::default().contains(Fault::Missing) && !Faults::default().contains(Fault::Calendar));
/// assert_eq!("usual".parse(), Ok(Faults::default()));
/// assert_eq!("missing, slow".parse(), Ok(Faults::from([Fault::Slow, Fault::Missing])));
/// assert_eq!("usual,silent".parse::<Faults>()?.len(), Faults::default().len() + 1);
/// assert_eq!("all".parse::<Faults>()?.len(), Fault::ALL.len());
/// assert!("none".parse::<Faults>()?.is_empty());
/// assert!("usual,slwo".parse::<Faults>().is_err());
/// # Ok::<(), sitewatch::demo_site::UnknownFault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(BTreeSet<Fault>);

impl Faults {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::from(Fault::ALL)
    }

    /// None of them.
    #[must_use]
    pub fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in the order of [`Fault::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.0.iter().copied()
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self(Fault::ALL.into_iter().filter(|fault| !fault.is_hostile()).collect())
    }
}

impl<const N: usize> From<[Fault; N]> for Faults {
    fn from(faults: [Fault; N]) -> Self {
        Self(faults.into())
    }
}

impl FromStr for Faults {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut faults = BTreeSet::new();
        for name in text.split(',').map(str::trim) {
            match name {
                "usual" => faults.extend(Self::default().0),
                "all" => faults.extend(Fault::ALL),
                "none" => {}
                name => {
                    faults.insert(name.parse()?);
                }
            }
        }
        Ok(Self(faults))
    }
}
