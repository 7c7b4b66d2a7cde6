//! The header fields of a head, as they were received.

use httparse::Header;

/// Fields in their order, with names as they were spelled.
pub(in crate::balancer) type Fields<'a> = [Header<'a>];

/// The values of all fields with a name.
pub(in crate::balancer) fn field<'a>(
    fields: &'a Fields<'_>,
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    let of_name = fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name));
    of_name.map(|field| field.value)
}

/// The items of a field that holds a list, in all its lines.
pub(super) fn items<'a>(fields: &'a Fields<'_>, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let lines = field(fields, name).flat_map(|line| line.split(|byte| *byte == b','));
    lines
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
}

/// Whether a list has an item, in whatever case.
pub(super) fn names(fields: &Fields<'_>, name: &str, item: &str) -> bool {
    items(fields, name).any(|found| found.eq_ignore_ascii_case(item.as_bytes()))
}

/// Fields that speak of one connection and not of what passes through it (RFC 9110, 7.6.1), and
/// those of the framing, which is written anew.
const OF_A_CONNECTION: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "content-length",
    "upgrade",
];

/// The fields that are passed on: without those of the connection, those that `Connection` names,
/// and those that `replaced` takes the place of. Nobody can have the host taken away.
pub(super) fn passed_on<'a, 'b>(
    fields: &'a Fields<'b>,
    replaced: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a Header<'b>> {
    fields.iter().filter(move |field| {
        let name = field.name;
        let stays = OF_A_CONNECTION
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own));
        let is_named = || names(fields, "connection", name) && !name.eq_ignore_ascii_case("host");
        !stays && !replaced(name) && !is_named()
    })
}

/// Writes one field.
pub(in crate::balancer) fn write(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &'static str, value: &'static str) -> Header<'static> {
        Header {
            name,
            value: value.as_bytes(),
        }
    }

    #[test]
    fn what_speaks_of_the_connection_is_not_passed_on() {
        let fields = [
            header("Host", "a"),
            header("Connection", "close, X-Hop, Host"),
            header("x-hop", "1"),
            header("Keep-Alive", "9"),
            header("TE", "trailers"),
            header("Via", "1.0 fred"),
            header("Accept", "*/*"),
        ];
        let passed = passed_on(&fields, |name| name.eq_ignore_ascii_case("via"));
        let names: Vec<_> = passed.map(|field| field.name).collect();
        assert_eq!(names, ["Host", "Accept"]);
    }

    #[test]
    fn a_list_is_read_over_all_its_lines() {
        let fields = [
            header("Connection", "a , , B"),
            header("connection", "upgrade"),
        ];
        assert!(names(&fields, "connection", "b"));
        assert!(names(&fields, "connection", "Upgrade"));
        assert!(!names(&fields, "connection", "c"));
    }
}
