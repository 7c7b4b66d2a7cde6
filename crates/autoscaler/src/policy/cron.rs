//! The shape of a scaling schedule's cron expression.

/// One field: its range, and the names that stand for numbers in it.
struct Field {
    first: u32,
    last: u32,
    names: &'static [&'static str],
    /// The number that the first name means.
    first_name: u32,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const WEEKDAY: usize = 4;
const FIELDS: [Field; 6] = [
    Field {
        first: 0,
        last: 59,
        names: &[],
        first_name: 0,
    },
    Field {
        first: 0,
        last: 23,
        names: &[],
        first_name: 0,
    },
    Field {
        first: 1,
        last: 31,
        names: &[],
        first_name: 0,
    },
    Field {
        first: 1,
        last: 12,
        names: &MONTHS,
        first_name: 1,
    },
    Field {
        first: 0,
        last: 7,
        names: &WEEKDAYS,
        first_name: 0,
    },
    Field {
        first: 2000,
        last: 2036,
        names: &[],
        first_name: 0,
    },
];

/// Minute, hour, day, month, weekday, and a year if the schedule shall run once.
pub(super) fn is_cron(text: &str) -> bool {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let fits = |(index, part): (usize, &&str)| {
        part.split(',')
            .all(|item| FIELDS[index].allows(item, index == WEEKDAY))
    };
    (5..=6).contains(&parts.len()) && parts.iter().enumerate().all(fits)
}

impl Field {
    /// `*`, `7`, `Mon`, `1-5`, each with an optional step `/2`.
    fn allows(&self, item: &str, weekday: bool) -> bool {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let step_fits = step.is_none_or(|step| {
            number(step).is_some_and(|step| step > 0 && step <= self.last.max(1))
        });
        step_fits && self.allows_range(range, weekday)
    }

    fn allows_range(&self, range: &str, weekday: bool) -> bool {
        if range == "*" {
            return true;
        }
        let Some((from, to)) = range.split_once('-') else {
            return self.value(range).is_some();
        };
        let Some((from, mut to)) = self.value(from).zip(self.value(to)) else {
            return false;
        };
        // Sunday is 0 and 7: at the end of a range it is the 7, as in Fri-Sun; all of it, 0-7 or
        // Sun-Sun, Google refuses.
        if weekday && to == 0 {
            to = 7;
        }
        from <= to && !(weekday && from == 0 && to == 7)
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = |name: &&str| text.eq_ignore_ascii_case(name);
        if let Some(index) = self.names.iter().position(named) {
            return u32::try_from(index)
                .ok()
                .map(|index| index + self.first_name);
        }
        number(text).filter(|value| (self.first..=self.last).contains(value))
    }
}

/// Digits alone: `parse` would also take a plus sign.
fn number(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::is_cron;

    #[test]
    fn ordinary_expressions_are_allowed() {
        for cron in [
            "0 8 * * *",
            "30 6 * * Mon-Fri",
            "*/15 0-6,22,23 1,15 Jan-Mar 1-7",
            "0 0 30 1 * 2030",
            "0 12 * * Fri-Sun",
            "0 12 * dec SUN",
        ] {
            assert!(is_cron(cron), "{cron}");
        }
    }

    #[test]
    fn what_google_refuses_is_refused() {
        for cron in [
            "",
            "0 8 * *",
            "0 8 * * * 2030 x",
            "60 8 * * *",
            "0 24 * * *",
            "0 8 0 * *",
            "0 8 * 13 *",
            "0 8 * * 8",
            "0 8 * * 0-7",
            "0 8 * * Sun-Sun",
            "0 8 * * * 1999",
            "0 8 * * * 2037",
            "9-5 8 * * *",
            "*/0 8 * * *",
            "1, 8 * * *",
            "+1 8 * * *",
            "every day at noon please",
        ] {
            assert!(!is_cron(cron), "{cron}");
        }
    }
}
