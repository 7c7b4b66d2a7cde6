//! The fields of a cron expression: their ranges, and the names that stand for numbers in them.

/// One field.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// What may stand there, for people.
    pub(super) allowed: &'static str,
    first: u32,
    last: u32,
    /// Subtracted from a number to get its bit.
    origin: u32,
    names: &'static [&'static str],
    /// The number that the first name means.
    first_name: u32,
    /// Sunday is 0 and 7.
    is_weekday: bool,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Minute, hour, day, month, weekday, year.
pub(super) const FIELDS: [&Field; 6] = [
    &Field::numbers(
        "minute",
        0,
        59,
        "numbers from 0 to 59 or *, with lists, ranges and steps",
    ),
    &Field::numbers(
        "hour",
        0,
        23,
        "numbers from 0 to 23 or *, with lists, ranges and steps",
    ),
    &Field::DAY,
    &Field {
        names: &MONTHS,
        first_name: 1,
        ..Field::numbers(
            "month",
            1,
            12,
            "names or numbers from 1 to 12 or *, with lists, ranges and steps",
        )
    },
    &Field {
        names: &WEEKDAYS,
        is_weekday: true,
        ..Field::numbers(
            "weekday",
            0,
            7,
            "names or numbers from 0 to 7 or *, with lists, ranges (no week from Sunday to Sunday) \
             and steps",
        )
    },
    &Field {
        origin: 2000,
        ..Field::numbers(
            "year",
            2000,
            2036,
            "numbers from 2000 to 2036 or *, with lists, ranges and steps",
        )
    },
];

impl Field {
    pub(super) const DAY: Self = Self::numbers(
        "day of the month",
        1,
        31,
        "numbers from 1 to 31 or *, with lists, ranges and steps",
    );

    const fn numbers(name: &'static str, first: u32, last: u32, allowed: &'static str) -> Self {
        Self {
            name,
            allowed,
            first,
            last,
            origin: 0,
            names: &[],
            first_name: 0,
            is_weekday: false,
        }
    }

    /// The bits of all numbers that fit; `None` if the text does not.
    pub(super) fn read(&self, text: &str) -> Option<u64> {
        text.split(',')
            .try_fold(0, |bits, item| Some(bits | self.item(item)?))
    }

    /// The bits of all numbers.
    pub(super) fn all(&self) -> u64 {
        self.bits(self.first, self.last, 1)
    }

    /// `*`, `7`, `Mon`, `1-5`, each with an optional step `/2`; a number with a step goes on to the
    /// end.
    fn item(&self, item: &str) -> Option<u64> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (item, None),
        };
        if step.is_some_and(|step| step == 0 || step > self.last.max(1)) {
            return None;
        }
        let (from, to) = self.range(range, step.is_some())?;
        Some(self.bits(from, to, step.unwrap_or(1)))
    }

    fn range(&self, range: &str, is_stepped: bool) -> Option<(u32, u32)> {
        if range == "*" {
            return Some((self.first, self.end()));
        }
        let Some((from, to)) = range.split_once('-') else {
            let value = self.value(range)?;
            return Some((
                value,
                if is_stepped {
                    self.end().max(value)
                } else {
                    value
                },
            ));
        };
        let (from, mut to) = (self.value(from)?, self.value(to)?);
        // At the end of a range Sunday is the 7, as in Fri-Sun; all of the week, 0-7 or Sun-Sun,
        // Google refuses.
        if self.is_weekday && to == 0 {
            to = 7;
        }
        let is_refused = self.is_weekday && from == 0 && to == 7;
        (from <= to && !is_refused).then_some((from, to))
    }

    /// The last number that `*` means: a week has one Sunday.
    fn end(&self) -> u32 {
        if self.is_weekday { 6 } else { self.last }
    }

    fn bits(&self, from: u32, to: u32, step: u32) -> u64 {
        (from..=to)
            .step_by(step as usize)
            .fold(0, |bits, number| bits | 1 << (number - self.origin))
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
