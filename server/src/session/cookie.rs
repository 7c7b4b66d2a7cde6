//! The session cookie: what it holds, how long it counts, what it is called.

use app::session::{Role, Session};
use axum_extra::extract::cookie::{Cookie, PrivateCookieJar, SameSite};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use serde::{Deserialize, Serialize};

use crate::secrets::Secrets;

/// A session ends this long after the log-in, whatever happens in it; seconds.
const ABSOLUTE: u64 = 12 * 60 * 60;
/// A session ends after this long without a request of its user; seconds.
const IDLE: u64 = 30 * 60;
/// The cookie is written anew at most this often, so that most answers carry none; seconds.
const REFRESH: u64 = 60;

/// What the cookie holds. It is encrypted and authenticated, so nobody but us writes or reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    user: String,
    role: Role,
    /// Log-in, in seconds since the Unix epoch.
    issued: u64,
    /// The last request that counted, likewise.
    seen: u64,
    /// Of the password hash at log-in: a new password ends the session.
    fingerprint: String,
}

impl Claims {
    /// A clock that was set back must not lengthen a session, so times in the future do not count either.
    fn valid(&self, secrets: &Secrets, now: u64) -> bool {
        let within = |since: u64, limit: u64| now.checked_sub(since).is_some_and(|age| age < limit);
        self.fingerprint == secrets.fingerprint
            && within(self.issued, ABSOLUTE)
            && within(self.seen, IDLE)
    }
}

/// Reads and writes session cookies for one request.
#[derive(Debug)]
pub(crate) struct SessionCookies<'a> {
    secrets: &'a Secrets,
    https: bool,
    now: u64,
}

/// A valid session, and whether its cookie is due for a new time stamp.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) session: Session,
    claims: Claims,
    pub(crate) stale: bool,
}

impl<'a> SessionCookies<'a> {
    /// `now` is wall time in seconds; `https` says how the browser reached us.
    pub(crate) fn new(secrets: &'a Secrets, https: bool, now: u64) -> Self {
        Self {
            secrets,
            https,
            now,
        }
    }

    /// The session that the request's cookie proves, if it still counts.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<Found> {
        let jar = PrivateCookieJar::from_headers(headers, self.secrets.session_key.clone());
        let claims: Claims = serde_json::from_str(jar.get(&self.name())?.value()).ok()?;
        claims.valid(self.secrets, self.now).then(|| Found {
            session: Session {
                user: claims.user.clone(),
                role: claims.role,
            },
            stale: self.now - claims.seen >= REFRESH,
            claims,
        })
    }

    /// The header that begins a session.
    pub(crate) fn begin(&self, session: Session) -> HeaderMap {
        self.set(&Claims {
            user: session.user,
            role: session.role,
            issued: self.now,
            seen: self.now,
            fingerprint: self.secrets.fingerprint.clone(),
        })
    }

    /// The header that tells the cookie of this request.
    pub(crate) fn refresh(&self, found: &Found) -> HeaderMap {
        self.set(&Claims {
            seen: self.now,
            ..found.claims.clone()
        })
    }

    /// The header that removes the cookie from this browser.
    pub(crate) fn end(&self) -> HeaderMap {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        one_header(&cookie)
    }

    fn set(&self, claims: &Claims) -> HeaderMap {
        let Ok(value) = serde_json::to_string(claims) else {
            return HeaderMap::new();
        };
        let jar = PrivateCookieJar::new(self.secrets.session_key.clone()).add(self.cookie(value));
        axum::response::IntoResponse::into_response(jar)
            .headers()
            .clone()
    }

    /// Over HTTPS the prefix makes browsers insist on `Secure`, this very host and the path `/`.
    fn name(&self) -> String {
        let prefix = if self.https { "__Host-" } else { "" };
        format!("{prefix}flaskscale-{}", self.secrets.id)
    }

    fn cookie(&self, value: String) -> Cookie<'static> {
        Cookie::build((self.name(), value))
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Lax)
            .build()
    }
}

fn one_header(cookie: &Cookie<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.insert(SET_COOKIE, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum_extra::extract::cookie::Key;
    use http::header::COOKIE;

    use super::*;

    const LOGIN: u64 = 1_800_000_000;

    fn secrets(fingerprint: &str) -> Secrets {
        Secrets {
            id: "ab12".to_owned(),
            session_key: Key::from(&[7; 64]),
            password_hash: String::new(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    /// What a browser sends back for the headers it was sent.
    fn sent_back(answer: &HeaderMap) -> HeaderMap {
        let set = answer[SET_COOKIE].to_str().unwrap();
        let pair = set.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    fn logged_in(secrets: &Secrets) -> HeaderMap {
        let session = Session {
            user: "admin".to_owned(),
            role: Role::Admin,
        };
        sent_back(&SessionCookies::new(secrets, false, LOGIN).begin(session))
    }

    #[test]
    fn a_session_counts_until_half_an_hour_without_a_request() {
        let secrets = secrets("one");
        let request = logged_in(&secrets);
        let at = |now| {
            SessionCookies::new(&secrets, false, now)
                .find(&request)
                .map(|found| found.session.role)
        };
        assert_eq!(at(LOGIN), Some(Role::Admin));
        assert_eq!(at(LOGIN + IDLE - 1), Some(Role::Admin));
        assert_eq!(at(LOGIN + IDLE), None);
        assert_eq!(at(LOGIN - 1), None, "a clock that was set back");
    }

    #[test]
    fn a_busy_session_ends_after_twelve_hours() {
        let secrets = secrets("one");
        let mut request = logged_in(&secrets);
        let mut now = LOGIN;
        while now + IDLE / 2 < LOGIN + ABSOLUTE {
            now += IDLE / 2;
            let cookies = SessionCookies::new(&secrets, false, now);
            let found = cookies.find(&request).unwrap();
            assert!(found.stale);
            request = sent_back(&cookies.refresh(&found));
        }
        assert!(
            SessionCookies::new(&secrets, false, LOGIN + ABSOLUTE)
                .find(&request)
                .is_none()
        );
    }

    #[test]
    fn a_new_password_ends_the_session() {
        let request = logged_in(&secrets("one"));
        assert!(
            SessionCookies::new(&secrets("two"), false, LOGIN)
                .find(&request)
                .is_none()
        );
    }

    #[test]
    fn nobody_else_can_write_a_session() {
        let mut other = secrets("one");
        other.session_key = Key::from(&[8; 64]);
        assert!(
            SessionCookies::new(&secrets("one"), false, LOGIN)
                .find(&logged_in(&other))
                .is_none()
        );
    }

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let secrets = secrets("one");
        let session = Session {
            user: "admin".to_owned(),
            role: Role::Admin,
        };
        let headers = SessionCookies::new(&secrets, true, LOGIN).begin(session);
        let set = headers[SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with("__Host-flaskscale-ab12="), "{set}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
    }
}
