//! What the client is told when no backend answers it.

use std::io::Write;

/// An answer of the balancer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A page for this status.
    Status(u16),
    Redirect {
        status: u16,
        to: String,
    },
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Status(status) | Self::Redirect { status, .. } => *status,
        }
    }

    /// Writes the whole answer, to a request with the method HEAD or another one, and says how long
    /// its body is.
    pub(super) fn write(&self, out: &mut Vec<u8>, to_head: bool, keeps: bool) -> u64 {
        out.clear();
        let status = self.status();
        let known = http::StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason());
        // A vector takes all that is written to it.
        let _ = write!(out, "HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default());
        if !keeps {
            out.extend_from_slice(b"connection: close\r\n");
        }
        match self {
            Self::Status(status) => write_page(out, &page(*status), to_head),
            Self::Redirect { to, .. } => write_redirect(out, to),
        }
    }
}

fn write_page(out: &mut Vec<u8>, page: &Page, to_head: bool) -> u64 {
    let body = if to_head { "" } else { page.body };
    // A vector takes all that is written to it.
    let _ = write!(
        out,
        "content-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\nvia: 1.1 google\r\n\r\n{body}",
        page.kind,
        page.body.len()
    );
    body.len() as u64
}

/// Sends the client elsewhere, with the headers of Google's own redirects.
fn write_redirect(out: &mut Vec<u8>, to: &str) -> u64 {
    // A vector takes all that is written to it.
    let _ = write!(
        out,
        "cache-control: private\r\nlocation: {to}\r\ncontent-length: 0\r\n\
         content-type: text/html; charset=UTF-8\r\n\r\n"
    );
    0
}

struct Page {
    kind: &'static str,
    body: &'static str,
}

/// The page that Google's front end shows when a backend gave no answer.
const SERVER_ERROR: &str = "\n<html><head>\n\
    <meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n\
    <title>502 Server Error</title>\n\
    </head>\n\
    <body text=#000000 bgcolor=#ffffff>\n\
    <h1>Error: Server Error</h1>\n\
    <h2>The server encountered a temporary error and could not complete your request.\
    <p>Please try again in 30 seconds.</h2>\n\
    <h2></h2>\n\
    </body></html>\n";

/// The page for a status: Google's where Google has one.
fn page(status: u16) -> Page {
    let text = |body| Page {
        kind: "text/plain",
        body,
    };
    match status {
        400 => text("bad request"),
        404 => text("not found"),
        408 => text("the request took too long to arrive"),
        431 => text("the head of the request is too large"),
        502 => Page {
            kind: "text/html; charset=UTF-8",
            body: SERVER_ERROR,
        },
        503 => text("no healthy upstream"),
        504 => text("upstream request timeout"),
        _ => text("the load balancer failed"),
    }
}
