use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{BrotliDecoder, DecodeV2, GzipDecoder, ZlibDecoder};

use super::{Coding, Refusal};

/// How much is unpacked at a time, in bytes.
const PIECE: usize = 16 * 1024;

/// One coding, being undone.
pub(super) struct Layer {
    decoder: Box<dyn DecodeV2 + Send>,
    buffer: Box<[u8]>,
    /// How many bytes came out of it.
    made: u64,
    /// Whether anything came in.
    begun: bool,
    ended: bool,
}

/// What is done with a piece that came out.
type Next<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Refusal>;

impl Layer {
    pub(super) fn new(coding: Coding) -> Self {
        let decoder: Box<dyn DecodeV2 + Send> = match coding {
            Coding::Gzip => Box::new(GzipDecoder::new()),
            Coding::Deflate => Box::new(ZlibDecoder::new()),
            Coding::Brotli => Box::new(BrotliDecoder::new()),
        };
        Self { decoder, buffer: vec![0; PIECE].into(), made: 0, begun: false, ended: false }
    }

    pub(super) fn feed(&mut self, part: &[u8], may: u64, next: Next<'_>) -> Result<(), Refusal> {
        if part.is_empty() {
            return Ok(());
        }
        self.begun = true;
        let mut input = PartialBuffer::new(part);
        // What follows the end is passed over, as in browsers.
        while !self.ended {
            let left = input.unwritten().len();
            let mut output = WriteBuffer::new_initialized(&mut self.buffer);
            match self.decoder.decode(&mut input, &mut output) {
                Ok(ended) => self.ended = ended,
                // Asked without anything to go on with, it says so where it holds nothing back.
                Err(_) if left == 0 => return Ok(()),
                Err(_) => return Err(Refusal::Bad),
            }
            let made = output.written_len();
            self.hand_on(made, may, next)?;
            let used = left - input.unwritten().len();
            // A full buffer may mean that it holds back more.
            if made < PIECE && input.unwritten().is_empty() {
                return Ok(());
            }
            if made == 0 && used == 0 {
                return Err(Refusal::Bad);
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, may: u64, next: Next<'_>) -> Result<(), Refusal> {
        // Nothing at all is an empty body, whatever its header says of it.
        while self.begun && !self.ended {
            let mut output = WriteBuffer::new_initialized(&mut self.buffer);
            self.ended = self.decoder.finish(&mut output).map_err(|_| Refusal::Bad)?;
            let made = output.written_len();
            self.hand_on(made, may, next)?;
            if made == 0 && !self.ended {
                return Err(Refusal::Bad);
            }
        }
        Ok(())
    }

    fn hand_on(&mut self, made: usize, may: u64, next: Next<'_>) -> Result<(), Refusal> {
        self.made = self.made.saturating_add(made as u64);
        if self.made > may { Err(Refusal::Swells) } else { next(&self.buffer[..made]) }
    }
}
