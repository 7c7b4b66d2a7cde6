//! The proleptic Gregorian calendar, as far as a cron expression needs it.

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
}

/// The days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// From 0000-03-01, where a year of this arithmetic begins, to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Date {
    /// The date of a day, counted from 1970-01-01. Years that begin in March have their leap day
    /// last, which makes the arithmetic regular.
    pub(crate) fn of_day(day: i64) -> Self {
        let shifted = day.saturating_add(EPOCH);
        let era = shifted.div_euclid(ERA);
        let day_of_era = shifted.rem_euclid(ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as u32,
            day: day as u32,
        }
    }

    /// Its number, counted from 1970-01-01.
    pub(crate) fn day_number(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let month_from_march = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * ERA + day_of_era - EPOCH
    }

    pub(crate) fn next_month(self) -> Self {
        if self.month == 12 {
            return self.next_year();
        }
        Self {
            month: self.month + 1,
            day: 1,
            ..self
        }
    }

    pub(crate) fn next_year(self) -> Self {
        Self {
            year: self.year + 1,
            month: 1,
            day: 1,
        }
    }
}

/// 0 is Sunday. 1970-01-01 was a Thursday.
pub(crate) fn weekday(day: i64) -> u32 {
    (day.rem_euclid(7) as u32 + 4) % 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for day in (-800_000..800_000).step_by(13) {
            assert_eq!(Date::of_day(day).day_number(), day);
        }
    }

    #[test]
    fn known_days_are_right() {
        for (day, year, month, of_month, week) in [
            (0, 1970, 1, 1, 4),
            (11_016, 2000, 2, 29, 2),
            (20_782, 2026, 11, 25, 3),
            (-1, 1969, 12, 31, 3),
        ] {
            let expected = Date {
                year,
                month,
                day: of_month,
            };
            assert_eq!(Date::of_day(day), expected);
            assert_eq!(weekday(day), week, "{expected:?}");
        }
    }
}
