//! How far an instance's serial port was read.

use gce::{Client, Error, Scope};

/// A serial port says no times, so that the beginning of a span cannot be found in it: the first look
/// tells so many of its last lines.
const LAST_LINES: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Port {
    next: u64,
    /// The beginning of a line that is not written to its end.
    begun: String,
    is_read: bool,
}

impl Port {
    /// The whole lines that are new; none of a machine that is not there, or not there any more.
    pub(super) async fn read(
        &mut self,
        client: &Client,
        zone: &Scope,
        instance: &str,
    ) -> Result<Vec<String>, Error> {
        match client.serial_output(zone, instance, self.next).await {
            // Compute answers 400 `resourceNotReady` while a machine is made.
            Err(error) if matches!(error.status(), Some(400 | 404)) => Ok(Vec::new()),
            Err(error) => Err(error),
            Ok(output) => {
                let next = output.next.and_then(|next| next.parse().ok());
                Ok(self.take(&output.contents, next))
            }
        }
    }

    /// A line without its end.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.begun);
        Some(rest.trim_end().to_owned()).filter(|rest| !rest.is_empty())
    }

    fn take(&mut self, contents: &str, next: Option<u64>) -> Vec<String> {
        self.next = next.unwrap_or(self.next);
        self.begun.push_str(contents);
        let end = self.begun.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.begun.split_off(end);
        let whole = std::mem::replace(&mut self.begun, rest);
        let lines = whole.lines().map(|line| line.trim_end().to_owned());
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        let skipped = if self.is_read {
            0
        } else {
            lines.len().saturating_sub(LAST_LINES)
        };
        self.is_read = true;
        lines.into_iter().skip(skipped).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_port_is_told_in_whole_lines_and_each_once() {
        let mut port = Port::default();
        assert_eq!(port.take("one\ntw", Some(6)), ["one"]);
        assert_eq!(port.take("o\r\n\nthree\nfo", Some(18)), ["two", "three"]);
        assert_eq!((port.next, port.take("", Some(18)).len()), (18, 0));
        assert_eq!(port.rest().as_deref(), Some("fo"));
        assert_eq!(port.rest(), None);
    }

    #[test]
    fn of_a_long_past_only_the_last_lines_are_told() {
        let past: String = (0..500)
            .flat_map(|number: u32| [number.to_string(), "\n".to_owned()])
            .collect();
        let mut port = Port::default();
        let told = port.take(&past, None);
        assert_eq!((told.len(), told[0].as_str()), (LAST_LINES, "400"));
        assert_eq!(
            port.take(&past, None).len(),
            500,
            "later nothing is left out"
        );
    }
}
