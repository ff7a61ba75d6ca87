use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The names of a task and of everything it runs under, outermost first: `import/page-7/store`.
///
/// Cheap to clone and to extend: a path shares its parents.
///
/// # Examples
///
/// ```
/// use patterns_core::context::TaskPath;
///
/// let path = TaskPath::root().join("import").join("page-7");
/// assert_eq!(path.to_string(), "import/page-7");
/// assert_eq!(path.name(), "page-7");
/// assert_eq!(path.parent().unwrap().name(), "import");
/// assert!(TaskPath::root().is_root());
/// ```
#[derive(Clone, Default)]
pub struct TaskPath(Option<Arc<Segment>>);

struct Segment {
    parent: TaskPath,
    name: Cow<'static, str>,
    /// What is awaited under this very path: each task has its own.
    #[cfg(feature = "inspect")]
    waits: crate::inspect::Waits,
}

impl Drop for Segment {
    fn drop(&mut self) {
        // Not by recursion: the path may be longer than the stack.
        let mut next = self.parent.0.take();
        while let Some(mut segment) = next.and_then(Arc::into_inner) {
            next = segment.parent.0.take();
        }
    }
}

impl PartialEq for TaskPath {
    fn eq(&self, other: &Self) -> bool {
        let (mut a, mut b) = (self, other);
        loop {
            match (&a.0, &b.0) {
                (Some(one), Some(two)) if Arc::ptr_eq(one, two) => return true,
                (Some(one), Some(two)) if one.name == two.name => (a, b) = (&one.parent, &two.parent),
                (None, None) => return true,
                _ => return false,
            }
        }
    }
}

impl Eq for TaskPath {}

impl TaskPath {
    /// The path of code that runs under nothing.
    #[must_use]
    pub const fn root() -> Self {
        Self(None)
    }

    /// This path, one level deeper.
    #[must_use]
    pub fn join(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Self(Some(Arc::new(Segment {
            parent: self.clone(),
            name: name.into(),
            #[cfg(feature = "inspect")]
            waits: crate::inspect::Waits::default(),
        })))
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The last name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.as_ref().map_or("", |segment| &segment.name)
    }

    /// The path that this one extends; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<&Self> {
        self.0.as_ref().map(|segment| &segment.parent)
    }

    /// What is awaited under this very path; `None` for the root, which is nobody's.
    #[cfg(feature = "inspect")]
    pub(crate) fn waits(&self) -> Option<&crate::inspect::Waits> {
        self.0.as_ref().map(|segment| &segment.waits)
    }

    /// Tells paths apart that are made of the same names.
    #[cfg(feature = "inspect")]
    pub(crate) fn identity(&self) -> usize {
        self.0.as_ref().map_or(0, |segment| Arc::as_ptr(segment).addr())
    }

    /// The names below `base`, where this path runs under it; empty where it is `base`.
    pub(crate) fn below(&self, base: &Self) -> Option<String> {
        let mut path = self;
        let mut names = Vec::new();
        while path != base {
            names.push(path.name());
            path = path.parent()?;
        }
        names.reverse();
        Some(names.join("/"))
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = std::iter::successors(self.0.as_ref(), |segment| segment.parent.0.as_ref()).collect();
        for (nth, segment) in names.iter().rev().enumerate() {
            if nth > 0 {
                f.write_str("/")?;
            }
            f.write_str(&segment.name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPath({self})")
    }
}
