//! Where a body ends (RFC 9112, section 6), decided so that no two readers can disagree.
//!
//! A proxy and its backend that see different ends in the same bytes let a client smuggle a request
//! past the proxy. So whatever the RFC lets a recipient repair is refused here.

use super::fields::{Fields, field};

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body.
    Nothing,
    Length(u64),
    Chunked,
    /// The end of an answer is the end of its connection.
    UntilClose,
}

/// Why the end of a body cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FramingError {
    #[error("a length and a transfer coding exclude each other")]
    LengthAndCoding,
    #[error("the length has to be given once, in decimal digits")]
    Length,
    #[error("the only transfer coding is \"chunked\", once, and HTTP/1.1 is needed for it")]
    Coding,
}

/// The framing of a request; `version` is the minor one.
pub(super) fn of_request(version: u8, fields: &Fields<'_>) -> Result<Framing, FramingError> {
    Ok(declared(version, fields)?.unwrap_or(Framing::Nothing))
}

/// The framing of an answer to a request, whose method is HEAD or another one.
pub(super) fn of_answer(
    to_head: bool,
    version: u8,
    status: u16,
    fields: &Fields<'_>,
) -> Result<Framing, FramingError> {
    if to_head || status < 200 || matches!(status, 204 | 304) {
        return Ok(Framing::Nothing);
    }
    Ok(declared(version, fields)?.unwrap_or(Framing::UntilClose))
}

fn declared(version: u8, fields: &Fields<'_>) -> Result<Option<Framing>, FramingError> {
    let mut lengths = field(fields, "content-length");
    let mut codings = field(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(FramingError::LengthAndCoding),
        (Some(length), None) if lengths.next().is_none() => {
            let length = digits(length).ok_or(FramingError::Length)?;
            Ok(Some(Framing::Length(length)))
        }
        (Some(_), None) => Err(FramingError::Length),
        (None, Some(coding)) => {
            let only = codings.next().is_none() && coding.eq_ignore_ascii_case(b"chunked");
            let known = only && version == 1;
            known
                .then_some(Some(Framing::Chunked))
                .ok_or(FramingError::Coding)
        }
    }
}

/// Decimal digits and nothing else: neither a sign nor a list.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use httparse::Header;

    use super::*;

    const LENGTH: &str = "Content-Length";
    const CODING: &str = "Transfer-Encoding";

    fn fields(lines: &[(&'static str, &'static str)]) -> Vec<Header<'static>> {
        let field = |(name, value): &(&'static str, &'static str)| Header {
            name,
            value: value.as_bytes(),
        };
        lines.iter().map(field).collect()
    }

    #[test]
    fn a_request_says_its_end_in_one_way_or_is_refused() {
        use FramingError::{Coding, Length, LengthAndCoding};
        type Case = (
            &'static [(&'static str, &'static str)],
            Result<Framing, FramingError>,
        );
        let cases: &[Case] = &[
            (&[], Ok(Framing::Nothing)),
            (&[(LENGTH, "0")], Ok(Framing::Length(0))),
            (&[(LENGTH, "42")], Ok(Framing::Length(42))),
            (&[(CODING, "chunked")], Ok(Framing::Chunked)),
            (&[(CODING, "Chunked")], Ok(Framing::Chunked)),
            (&[(LENGTH, "5"), (CODING, "chunked")], Err(LengthAndCoding)),
            (&[(CODING, "chunked"), (LENGTH, "5")], Err(LengthAndCoding)),
            (&[(LENGTH, "5"), (LENGTH, "5")], Err(Length)),
            (&[(LENGTH, "5"), (LENGTH, "6")], Err(Length)),
            (&[(LENGTH, "5, 5")], Err(Length)),
            (&[(LENGTH, "+5")], Err(Length)),
            (&[(LENGTH, "-5")], Err(Length)),
            (&[(LENGTH, "0x5")], Err(Length)),
            (&[(LENGTH, "")], Err(Length)),
            (&[(LENGTH, "18446744073709551616")], Err(Length)),
            (&[(CODING, "gzip")], Err(Coding)),
            (&[(CODING, "identity")], Err(Coding)),
            (&[(CODING, "gzip, chunked")], Err(Coding)),
            (&[(CODING, "chunked, chunked")], Err(Coding)),
            (&[(CODING, "chunked"), (CODING, "chunked")], Err(Coding)),
            (&[(CODING, "\u{b}chunked")], Err(Coding)),
            (&[(CODING, "xchunked")], Err(Coding)),
        ];
        for (lines, expected) in cases {
            assert_eq!(of_request(1, &fields(lines)), *expected, "{lines:?}");
        }
    }

    #[test]
    fn a_coding_is_refused_before_http_1_1() {
        let coded = fields(&[(CODING, "chunked")]);
        assert_eq!(of_request(0, &coded), Err(FramingError::Coding));
    }

    #[test]
    fn an_answer_without_a_length_ends_with_its_connection() {
        assert_eq!(of_answer(false, 1, 200, &[]), Ok(Framing::UntilClose));
        let long = fields(&[(LENGTH, "9")]);
        assert_eq!(of_answer(false, 1, 200, &long), Ok(Framing::Length(9)));
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let long = fields(&[(LENGTH, "9")]);
        for (to_head, status) in [(true, 200), (false, 100), (false, 204), (false, 304)] {
            let framing = of_answer(to_head, 1, status, &long);
            assert_eq!(framing, Ok(Framing::Nothing), "{to_head} {status}");
        }
    }
}
