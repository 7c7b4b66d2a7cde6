//! The chunked coding (RFC 9112, section 7.1), followed byte by byte and passed on as it is.

/// More than this in one size line or in all trailers serves nobody but an attacker.
const MAX_OVERHEAD: usize = 8 * 1024;

/// Sixteen digits would be more than any file, and one short of what a `u64` holds is safe to shift.
const MAX_SIZE_DIGITS: u8 = 15;

/// The coding is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chunk of the body is malformed")]
pub(super) struct ChunkError;

/// Where in the coding the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the size; so many digits of it have been read.
    Size(u8),
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// At the beginning of a trailer, or of the empty line behind the last one.
    Line,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastEnd,
    Over,
}

/// A reader of chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    /// What is left of the chunk.
    left: u64,
    /// Bytes of the current size line, or of the trailers.
    overhead: usize,
}

/// What was read of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// How many of the bytes belong to the coded body.
    pub(super) coded: usize,
    /// How many of them are the body's own.
    pub(super) payload: u64,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size(0),
            left: 0,
            overhead: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Reads as much of `bytes` as belongs to the body.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Read, ChunkError> {
        let mut read = Read::default();
        while read.coded < bytes.len() && !self.is_over() {
            if self.state == State::Data {
                let available = (bytes.len() - read.coded) as u64;
                let taken = self.left.min(available);
                self.left -= taken;
                read.coded += taken as usize;
                read.payload += taken;
                if self.left == 0 {
                    self.state = State::DataReturn;
                }
            } else {
                self.step(bytes[read.coded])?;
                read.coded += 1;
            }
        }
        Ok(read)
    }

    fn step(&mut self, byte: u8) -> Result<(), ChunkError> {
        self.overhead += 1;
        if self.overhead > MAX_OVERHEAD {
            return Err(ChunkError);
        }
        self.state = match (self.state, byte) {
            (State::Size(digits), byte) if byte.is_ascii_hexdigit() => self.digit(digits, byte)?,
            (State::Size(1..), b';') => State::Extension,
            (State::Size(1..) | State::Extension, b'\r') => State::SizeEnd,
            (State::Extension, byte) if is_text(byte) => State::Extension,
            (State::SizeEnd, b'\n') => self.begin_chunk(),
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size(0),
            (State::Line, b'\r') => State::LastEnd,
            (State::Line | State::TrailerName, byte) if is_token(byte) => State::TrailerName,
            (State::TrailerName, b':') => State::TrailerValue,
            (State::TrailerValue, b'\r') => State::TrailerEnd,
            (State::TrailerValue, byte) if is_text(byte) => State::TrailerValue,
            (State::TrailerEnd, b'\n') => State::Line,
            (State::LastEnd, b'\n') => State::Over,
            _ => return Err(ChunkError),
        };
        Ok(())
    }

    fn digit(&mut self, digits: u8, byte: u8) -> Result<State, ChunkError> {
        if digits == MAX_SIZE_DIGITS {
            return Err(ChunkError);
        }
        if digits == 0 {
            self.left = 0;
            self.overhead = 1;
        }
        let value = char::from(byte).to_digit(16).ok_or(ChunkError)?;
        self.left = self.left << 4 | u64::from(value);
        Ok(State::Size(digits + 1))
    }

    fn begin_chunk(&mut self) -> State {
        self.overhead = 0;
        if self.left == 0 {
            State::Line
        } else {
            State::Data
        }
    }
}

/// What may stand in a value: all but control characters, of which a tab is allowed.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// What may stand in a name (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `coded` in pieces of so many bytes: how much of it was the body, coded and plain.
    fn read(coded: &[u8], piece: usize) -> Result<(usize, u64, bool), ChunkError> {
        let mut chunks = Chunks::new();
        let (mut length, mut payload) = (0, 0);
        for piece in coded.chunks(piece) {
            let read = chunks.read(piece)?;
            length += read.coded;
            payload += read.payload;
        }
        Ok((length, payload, chunks.is_over()))
    }

    #[test]
    fn the_end_is_found_however_the_bytes_come_and_what_follows_is_left() {
        let bodies: &[(&str, u64)] = &[
            ("0\r\n\r\n", 0),
            ("5\r\nhello\r\n0\r\n\r\n", 5),
            ("00A\r\n0123456789\r\n1\r\nx\r\n000\r\n\r\n", 11),
            ("5;name=value;\"quoted\"\r\n\r\n\r\n\r\r\n0;end\r\n\r\n", 5),
            ("1\r\nx\r\n0\r\nDigest: abc\r\nX-Empty:\r\n\r\n", 1),
        ];
        for (body, payload) in bodies {
            let followed = format!("{body}GET / HTTP/1.1\r\n");
            for piece in 1..=followed.len() {
                let found = read(followed.as_bytes(), piece);
                assert_eq!(
                    found,
                    Ok((body.len(), *payload, true)),
                    "{body:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn what_two_readers_could_take_differently_is_refused() {
        let broken = [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+5\r\nhello\r\n",
            "0x5\r\nhello\r\n",
            " 5\r\nhello\r\n",
            "5 \r\nhello\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello!\r\n",
            "5\r\nhello0\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5;a\nb\r\nhello\r\n",
            "5;a\rb\r\nhello\r\n",
            ";a\r\n",
            "1000000000000000\r\n",
            "0\r\n X: folded\r\n\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\nX : space\r\n\r\n",
            "0\r\nX: bare\nline\r\n\r\n",
            "0\r\n\n",
            "0\r\n\rX",
        ];
        for body in broken {
            assert_eq!(read(body.as_bytes(), 3), Err(ChunkError), "{body:?}");
        }
    }

    #[test]
    fn neither_a_size_line_nor_the_trailers_may_go_on_for_ever() {
        let extension = format!("5;{}", "x".repeat(MAX_OVERHEAD));
        assert_eq!(read(extension.as_bytes(), 1000), Err(ChunkError));
        let trailers = format!("0\r\n{}", "A: b\r\n".repeat(MAX_OVERHEAD / 6 + 1));
        assert_eq!(read(trailers.as_bytes(), 1000), Err(ChunkError));
        let many = "1\r\nx\r\n".repeat(MAX_OVERHEAD);
        assert_eq!(
            read(many.as_bytes(), 1000),
            Ok((many.len(), MAX_OVERHEAD as u64, false))
        );
    }
}
