use std::borrow::Cow;
use std::panic::Location;

use futures_util::{Stream, StreamExt, stream};

use super::Pipeline;
use super::belt::belt;
use super::builder::{BUFFER, Start};
use super::report::{Monitor, SOURCE};
use super::stage::feed;
use crate::outcome::BoxError;
use crate::task_group::TaskGroup;

impl<T: Send + 'static> Pipeline<T> {
    /// A pipeline of this name with these items. An iterator gives each only when there is room for it.
    #[track_caller]
    pub fn from_items<I>(name: impl Into<Cow<'static, str>>, items: I) -> Self
    where
        I: IntoIterator<Item = T, IntoIter: Send + 'static>,
    {
        Self::from_stream(name, stream::iter(items))
    }

    /// A pipeline of this name with the items of a stream.
    #[track_caller]
    pub fn from_stream(name: impl Into<Cow<'static, str>>, items: impl Stream<Item = T> + Send + 'static) -> Self {
        Self::from_try_stream(name, items.map(Ok::<_, BoxError>))
    }

    /// A pipeline of this name with the values of a stream, whose first error stops it.
    #[track_caller]
    pub fn from_try_stream<E>(
        name: impl Into<Cow<'static, str>>,
        items: impl Stream<Item = Result<T, E>> + Send + 'static,
    ) -> Self
    where
        E: Into<BoxError> + Send + 'static,
    {
        let (group, monitor, place) = (TaskGroup::new(name), Monitor::default(), Location::caller());
        let source = monitor.add(SOURCE.into(), place);
        let start: Start<T> = Box::new(move |group, room| {
            let (outlet, intake) = belt(room, 1);
            group.spawn(SOURCE, feed(items, outlet, source, true));
            intake
        });
        Self { group, start, buffer: BUFFER, monitor, place }
    }
}
