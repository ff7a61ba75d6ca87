use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use pin_project_lite::pin_project;

/// Text from chunks of bytes that may be cut anywhere: a character that the edge of a chunk cuts is kept until
/// its other half comes.
///
/// # Examples
///
/// ```
/// use patterns_core::pipeline::Utf8Decoder;
///
/// let mut decoder = Utf8Decoder::new();
/// let (one, two) = "naïve".as_bytes().split_at(3); // in the middle of the ï
/// assert_eq!(decoder.decode(one).unwrap(), "na");
/// assert_eq!(decoder.decode(two).unwrap(), "ïve");
/// assert!(decoder.finish().is_ok());
///
/// let mut decoder = Utf8Decoder::new();
/// decoder.decode(one).unwrap();
/// assert_eq!(decoder.finish().unwrap_err().offset(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Utf8Decoder {
    /// The beginning of a character, of `len` bytes.
    begun: [u8; 4],
    len: usize,
    /// Where it begins.
    offset: u64,
}

impl Utf8Decoder {
    /// A decoder at the beginning of the text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the next chunk, as far as its characters are complete.
    ///
    /// # Errors
    ///
    /// [`NotUtf8`]: the bytes are not UTF-8. The decoder is of no use any more.
    pub fn decode(&mut self, mut chunk: &[u8]) -> Result<String, NotUtf8> {
        let mut text = String::with_capacity(self.len + chunk.len());
        while self.len > 0
            && let Some((&byte, rest)) = chunk.split_first()
        {
            self.begun[self.len] = byte;
            self.len += 1;
            chunk = rest;
            match str::from_utf8(&self.begun[..self.len]) {
                Ok(character) => {
                    text.push_str(character);
                    self.offset += self.len as u64;
                    self.len = 0;
                }
                // Still not complete.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(NotUtf8 { offset: self.offset }),
            }
        }
        if self.len > 0 {
            return Ok(text);
        }
        let (valid, rest) = match str::from_utf8(chunk) {
            Ok(valid) => (valid, &chunk[chunk.len()..]),
            Err(error) => {
                let (valid, rest) = chunk.split_at(error.valid_up_to());
                let valid = valid.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                if error.error_len().is_some() {
                    return Err(NotUtf8 { offset: self.offset + valid.len() as u64 });
                }
                (valid, rest)
            }
        };
        text.push_str(valid);
        self.offset += valid.len() as u64;
        self.begun[..rest.len()].copy_from_slice(rest);
        self.len = rest.len();
        Ok(text)
    }

    /// Checks that the text does not end within a character.
    ///
    /// # Errors
    ///
    /// [`NotUtf8`] with the place where that character begins.
    pub fn finish(self) -> Result<(), NotUtf8> {
        if self.len == 0 { Ok(()) } else { Err(NotUtf8 { offset: self.offset }) }
    }
}

/// The bytes are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 from byte {offset} on")]
pub struct NotUtf8 {
    offset: u64,
}

impl NotUtf8 {
    /// Bytes from the beginning of the text to the first that is wrong, or that begins a character which is cut off.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// [`Utf8Decoder`] as a stage: `.through("utf8", utf8)` makes text of chunks of bytes.
///
/// A chunk that completes no character gives no item. The first error ends the stream.
///
/// # Examples
///
/// ```
/// use patterns_core::pipeline::{Pipeline, utf8};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let chunks = |bytes: &'static [u8]| Pipeline::from_items("read", bytes.chunks(1)).through("utf8", utf8);
/// assert_eq!(chunks("Grüße".as_bytes()).collect().await.unwrap(), ["G", "r", "ü", "ß", "e"]);
///
/// let failed = chunks(b"caf\xe9").collect().await.unwrap_err();
/// assert_eq!(failed.to_string(), "read: utf8: item 3: not UTF-8 from byte 3 on");
/// # }
/// ```
pub fn utf8<S>(source: S) -> Utf8<S>
where
    S: Stream<Item: AsRef<[u8]>>,
{
    Utf8 { source, decoder: Some(Utf8Decoder::new()) }
}

pin_project! {
    /// The stream of [`utf8`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Utf8<S> {
        #[pin]
        source: S,
        // None at the end.
        decoder: Option<Utf8Decoder>,
    }
}

impl<S> Stream for Utf8<S>
where
    S: Stream<Item: AsRef<[u8]>>,
{
    type Item = Result<String, NotUtf8>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while let Some(mut decoder) = this.decoder.take() {
            let Poll::Ready(next) = this.source.as_mut().poll_next(cx) else {
                *this.decoder = Some(decoder);
                return Poll::Pending;
            };
            let Some(chunk) = next else { return Poll::Ready(decoder.finish().err().map(Err)) };
            match decoder.decode(chunk.as_ref()) {
                Ok(text) => {
                    *this.decoder = Some(decoder);
                    if !text.is_empty() {
                        return Poll::Ready(Some(Ok(text)));
                    }
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        Poll::Ready(None)
    }
}
