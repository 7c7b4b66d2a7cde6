//! Loads of well-known shapes, made from a seed.
//!
//! Only additions, multiplications and divisions are used, whose results are the same to the last bit
//! on every machine and in WebAssembly; a sine is not.

use serde::{Deserialize, Serialize};

use super::Trace;
use super::trace::MINUTE_S;
use crate::Timestamp;

/// The outline of a load over time. Loads are in instances, times in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind",
    deny_unknown_fields
)]
pub enum Shape {
    /// Quiet nights, busy days, and weekends at half the height. The first day is a Monday.
    Weekly {
        /// The load at four in the morning.
        low: f64,
        /// The load at four in the afternoon of a working day.
        high: f64,
    },
    /// A steady load, and a crowd that comes within two minutes and goes away by a fiftieth a minute.
    FlashCrowd {
        /// The load before and long after.
        low: f64,
        /// The load when all have come.
        high: f64,
        /// When they come.
        at_minute: u32,
    },
    /// One load, and from some minute on another.
    Step {
        /// The load before.
        low: f64,
        /// The load after.
        high: f64,
        /// When it changes.
        at_minute: u32,
    },
    /// A load that rises evenly over the whole time.
    Ramp {
        /// The load at the beginning.
        low: f64,
        /// The load at the end.
        high: f64,
    },
}

/// A load to generate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Generator {
    /// The outline.
    pub shape: Shape,
    /// How long, in minutes.
    pub minutes: u32,
    /// How much each minute wavers around the outline, as a fraction of it.
    #[serde(default)]
    pub noise: f64,
    /// The same seed gives the same trace.
    #[serde(default)]
    pub seed: u64,
}

/// Requests each second that an instance serves when it is fully used, in a generated trace.
pub const REQUESTS_PER_INSTANCE: f64 = 100.0;

impl Generator {
    /// The trace, which begins at `start` and has steps of a minute, with CPU and requests.
    pub fn trace(&self, start: Timestamp) -> Trace {
        let mut noise = Noise(self.seed);
        let loads = (0..self.minutes).map(|minute| {
            let outline = self.shape.load(minute, self.minutes);
            (outline * (1.0 + self.noise * noise.next())).max(0.0)
        });
        let cpu: Vec<Option<f64>> = loads.map(Some).collect();
        Trace {
            requests_per_second: cpu
                .iter()
                .map(|load| load.map(|load| load * REQUESTS_PER_INSTANCE))
                .collect(),
            cpu,
            ..Trace::new(start, MINUTE_S)
        }
    }
}

impl Shape {
    fn load(self, minute: u32, minutes: u32) -> f64 {
        match self {
            Self::Weekly { low, high } => between(low, high, wave(minute) * weekday(minute)),
            Self::FlashCrowd {
                low,
                high,
                at_minute,
            } => between(low, high, crowd(minute, at_minute)),
            Self::Step {
                low,
                high,
                at_minute,
            } => between(low, high, f64::from(u8::from(minute >= at_minute))),
            Self::Ramp { low, high } => {
                between(low, high, f64::from(minute) / f64::from(minutes.max(1)))
            }
        }
    }
}

fn between(low: f64, high: f64, part: f64) -> f64 {
    low + (high - low) * part
}

const DAY: u32 = 24 * 60;

/// 0 at four in the morning, 1 at four in the afternoon, and smooth like a cosine: `3x^2 - 2x^3`.
fn wave(minute: u32) -> f64 {
    let since_four = (minute + DAY - 4 * 60) % DAY;
    let half = f64::from(DAY / 2);
    let way = f64::from(since_four) / half;
    let x = if way <= 1.0 { way } else { 2.0 - way };
    x * x * (3.0 - 2.0 * x)
}

fn weekday(minute: u32) -> f64 {
    if minute / DAY % 7 < 5 { 1.0 } else { 0.5 }
}

fn crowd(minute: u32, at_minute: u32) -> f64 {
    let Some(since) = minute.checked_sub(at_minute) else {
        return 0.0;
    };
    match since {
        0 => 0.5,
        1 => 1.0,
        since => (1..since.min(1000)).fold(1.0, |part, _| part * 0.98),
    }
}

/// SplitMix64, and the sum of four draws: nearly a bell, within -1 and 1.
#[derive(Clone, Copy, Debug)]
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        (self.draw() + self.draw() + self.draw() + self.draw() - 2.0) / 2.0
    }

    /// In `[0, 1)`.
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn loads(shape: Shape, minutes: u32) -> Vec<f64> {
        let generator = Generator {
            shape,
            minutes,
            noise: 0.0,
            seed: 0,
        };
        generator
            .trace(Timestamp(0))
            .cpu
            .into_iter()
            .flatten()
            .collect()
    }

    #[test]
    fn days_rise_and_fall_and_weekends_are_half_as_high() {
        let week = loads(
            Shape::Weekly {
                low: 1.0,
                high: 9.0,
            },
            7 * DAY,
        );
        let at = |day: u32, hour: u32| week[(day * DAY + hour * 60) as usize];
        assert_eq!(
            (at(0, 4), at(0, 10), at(0, 16), at(0, 22)),
            (1.0, 5.0, 9.0, 5.0)
        );
        assert_eq!((at(5, 4), at(5, 16)), (1.0, 5.0));
    }

    #[test]
    fn a_crowd_comes_at_once_and_goes_slowly() {
        let shape = Shape::FlashCrowd {
            low: 1.0,
            high: 11.0,
            at_minute: 10,
        };
        let loads = loads(shape, 300);
        assert_eq!((loads[9], loads[10], loads[11]), (1.0, 6.0, 11.0));
        assert!(loads[11..].is_sorted_by(|before, after| before >= after));
        assert!(loads[299] < 1.1);
    }

    #[test]
    fn steps_and_ramps_are_what_they_are_called() {
        let step = loads(
            Shape::Step {
                low: 1.0,
                high: 3.0,
                at_minute: 2,
            },
            4,
        );
        assert_eq!(step, [1.0, 1.0, 3.0, 3.0]);
        assert_eq!(
            loads(
                Shape::Ramp {
                    low: 0.0,
                    high: 4.0
                },
                4
            ),
            [0.0, 1.0, 2.0, 3.0]
        );
    }

    #[test]
    fn the_same_seed_makes_the_same_noise_everywhere() {
        let mut noise = Noise(7);
        let drawn: Vec<u64> = (0..3).map(|_| noise.next().to_bits()).collect();
        // What the same code gives in WebAssembly and on other processors.
        assert_eq!(
            drawn,
            [
                13_811_436_926_245_315_136,
                13_821_566_143_049_706_420,
                13_819_550_653_597_083_840
            ]
        );
    }

    #[test]
    fn noise_wavers_around_the_outline_and_never_below_nothing() {
        let shape = Shape::Step {
            low: 2.0,
            high: 2.0,
            at_minute: 0,
        };
        let noisy = Generator {
            shape,
            minutes: 10_000,
            noise: 0.2,
            seed: 1,
        };
        let trace = noisy.trace(Timestamp(0));
        let mean = crate::mean(trace.cpu.iter().copied().flatten()).unwrap();
        assert!((mean - 2.0).abs() < 0.01, "{mean}");
        assert!(
            trace
                .cpu
                .iter()
                .flatten()
                .all(|load| (1.6..=2.4).contains(load))
        );
        assert_ne!(trace, Generator { seed: 2, ..noisy }.trace(Timestamp(0)));
        let wild = Generator {
            noise: 9.0,
            ..noisy
        }
        .trace(Timestamp(0));
        assert!(wild.cpu.iter().flatten().all(|load| *load >= 0.0));
    }
}
